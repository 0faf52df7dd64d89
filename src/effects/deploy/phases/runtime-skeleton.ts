import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { makeSkeleton } from '../make-skeleton.ts'

/** Makes the skeleton after the rehearsal, as plans of v1 say. */
export const runtimeSkeleton = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'runtime_skeleton',
    stage: 'G7',
    reports: 'only faults',
    idle: () => null,
    async work({ session, context, plan }) {
      await makeSkeleton(session, plan, context.runId)
      return { faults: [], tried: [], why: '', facts: {} }
    },
  })
