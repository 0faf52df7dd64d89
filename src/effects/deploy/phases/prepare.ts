import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { makeSkeleton } from '../make-skeleton.ts'
import { switchesFirst } from '../plan.ts'

/** Makes what the new folder needs besides the artifact, before anything of it runs. */
export const prepare = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'prepare',
    stage: 'G4',
    reports: 'only faults',
    idle: (plan) => {
      const { folders, files } = plan.checks.skeleton
      const nothing = folders.length + Object.keys(files).length === 0
      return nothing || switchesFirst(plan) ? 'there is nothing to prepare' : null
    },
    async work({ session, plan }) {
      await makeSkeleton(session, plan)
      return { faults: [], tried: [], why: '', facts: {} }
    },
  })
