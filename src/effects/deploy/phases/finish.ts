import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { switchesFirst } from '../plan.ts'
import { discard } from '../write-commands.ts'

/** Removes the staging folder, which until now says how far the deploy has come. */
export const finish = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'finish',
    stage: 'G7',
    reports: 'only faults',
    idle: (plan) => (switchesFirst(plan) ? 'staging is gone already' : null),
    async work({ session, context, plan }) {
      await session.text(discard(plan.place.staging, context.runId))
      return { faults: [], tried: [], why: '', facts: {} }
    },
  })
