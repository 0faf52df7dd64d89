import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { type CheckOutcome, listFaults, runCheck, summarizeOutcome } from '../run-check.ts'

/** Stage G5: runs the checks of the checks file against the deployed program. */
export const postChecks = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'post_checks',
    stage: 'G5',
    reports: 'all',
    idle: ({ checks }) => (checks.checks.length === 0 ? 'no checks were given' : null),
    async work({ inTarget, plan: { checks } }) {
      const tried: CheckOutcome[] = []
      for (const check of checks.checks) tried.push(await runCheck(inTarget, check))
      return {
        faults: listFaults(tried),
        tried,
        why: `${tried.length} of ${tried.length} checks as expected`,
        facts: { checks: tried.map(summarizeOutcome) },
      }
    },
  })
