import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { CommandFailed, type HostSession } from '../host-session.ts'
import { makeSkeleton } from '../make-skeleton.ts'
import { makeOutside } from '../outside-folders.ts'
import { type DeployPlan, switchesFirst } from '../plan.ts'
import { linkShared } from '../shared-paths.ts'
import { EXIT } from '../write-commands.ts'

/** Makes what the new folder needs besides the artifact, before anything of it runs. */
export const prepare = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'prepare',
    stage: 'G4',
    reports: 'only faults',
    idle: (plan) => {
      const { skeleton, shared } = plan.checks
      const { folders, files, outside = [] } = skeleton
      const nothing = folders.length + Object.keys(files).length + outside.length + shared.length === 0
      return nothing || switchesFirst(plan) ? 'there is nothing to prepare' : null
    },
    async work({ session, context: { runId }, plan }) {
      if (plan.checks.shared.length > 0) await session.text(linkShared(plan, runId))
      await makeSkeleton(session, plan, runId)
      return { faults: await prepareOutside(session, plan, runId), tried: [], why: '', facts: {} }
    },
  })

/** Makes the folders outside of the target. Returns what is not as the plan says. */
async function prepareOutside(session: HostSession, plan: DeployPlan, run: string): Promise<string[]> {
  const { outside = [], place } = plan
  if (outside.length === 0) return []
  const command = makeOutside({ staging: place.staging, run }, outside)
  const result = await session.run(command)
  const { exitCode, stderr } = result
  if (exitCode === 0) return []
  const what = stderr.toString('utf8').trim().slice(0, 300)
  if (exitCode === EXIT.targetThere || exitCode === EXIT.notThere)
    return [`the folders outside of the target are not as planned: ${what}`]
  throw new CommandFailed(command, result)
}
