import type { EffectContext } from '../../../domain/effect.ts'
import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { describeOldReleases, removeOldReleases } from '../old-releases.ts'
import { type DeployPlan, switchesFirst } from '../plan.ts'
import { folderExists } from '../read-commands.ts'
import { discard } from '../write-commands.ts'

/** Removes the old releases that the plan names, and the staging folder, which until now says how far the deploy has come. */
export const finish = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'finish',
    stage: 'G7',
    reports: 'only faults',
    idle: (plan) => (switchesFirst(plan) ? 'staging is gone already' : null),
    async work({ session, context, plan }) {
      const why = await removeOld(session, context, plan)
      await session.text(discard(plan.place.staging, context.runId))
      return { faults: [], tried: [], why, facts: {} }
    },
  })

/** An old release that stays does not fail the deploy, which is live by now. Where staging is gone, an earlier try removed them. */
async function removeOld(
  session: HostSession,
  { runId }: EffectContext,
  { place, old }: DeployPlan,
): Promise<string> {
  if (old.length === 0 || (await session.run(folderExists(place.staging))).exitCode !== 0) return ''
  return describeOldReleases(await session.text(removeOldReleases(place, runId, old)))
}
