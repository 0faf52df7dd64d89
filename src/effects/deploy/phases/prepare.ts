import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { makeSkeleton } from '../make-skeleton.ts'
import { switchesFirst } from '../plan.ts'
import { linkShared } from '../shared-paths.ts'

/** Makes what the new folder needs besides the artifact, before anything of it runs. */
export const prepare = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'prepare',
    stage: 'G4',
    reports: 'only faults',
    idle: (plan) => {
      const { skeleton, shared } = plan.checks
      const nothing = skeleton.folders.length + Object.keys(skeleton.files).length + shared.length === 0
      return nothing || switchesFirst(plan) ? 'there is nothing to prepare' : null
    },
    async work({ session, context: { runId }, plan }) {
      if (plan.checks.shared.length > 0) await session.text(linkShared(plan, runId))
      await makeSkeleton(session, plan, runId)
      return { faults: [], tried: [], why: '', facts: {} }
    },
  })
