import { setTimeout as wait } from 'node:timers/promises'
import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { type CheckOutcome, listFaults, runStep, summarizeOutcome } from '../run-check.ts'

/** Asks the live program whether it works, as often as the plan says. */
export const health = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'health',
    stage: 'G7',
    reports: 'only faults',
    idle: ({ checks }) => (checks.health === undefined ? 'no health check was given' : null),
    async work({ context, plan, inTarget }) {
      const { retries, everySeconds, ...step } = plan.checks.health!
      const tried: CheckOutcome[] = []
      for (let left = retries; ; left -= 1) {
        const outcome = await runStep(inTarget, 'health', step)
        tried.push(outcome)
        if (outcome.fault === null || left === 0) break
        await wait(everySeconds * 1000, undefined, { signal: context.signal })
      }
      const last = tried.at(-1)!
      const tries = `${tried.length} of at most ${retries + 1} tries`
      return {
        faults: listFaults([last]).map((fault) => `${fault} (${tries})`),
        tried: tried.slice(-20),
        why: summarizeOutcome(last),
        facts: { tries },
      }
    },
  })
