import type { RunResult } from '../../../targets/ssh/open-host.ts'
import { defineCheckPhase } from '../check-phase.ts'
import { findMismatch } from '../checks-file.ts'
import type { DeployDeps } from '../deps.ts'
import { describeOutcome, listFaults, summarizeOutcome } from '../run-check.ts'

/** Stage G6: the deployed program runs without writing. It refuses to go live, and its counts are the same before and after. */
export const rehearse = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'rehearse',
    stage: 'G6',
    reports: 'all',
    idle: ({ checks }) => (checks.rehearsal === undefined ? 'no rehearsal was given' : null),
    async work({ inTarget, plan: { checks } }) {
      const rehearsal = checks.rehearsal!
      const run = (name: string, argv: string[]) => inTarget(name, argv, rehearsal.timeoutSeconds * 1000)
      const count = async (when: string) => {
        if (rehearsal.counts === undefined) return null
        const name = `counts ${when}`
        const result = await run(name, rehearsal.counts)
        const fault = result.truncated
          ? 'printed more than can be compared'
          : findMismatch({ exit: 0 }, result)
        const outcome = describeOutcome(name, rehearsal.counts, false, fault, result)
        return { stdout: result.stdout, outcome }
      }
      const before = await count('before')
      const result = await run('rehearsal', rehearsal.run)
      const mismatch = findMismatch(rehearsal.expect, result)
      const tried = [describeOutcome('rehearsal', rehearsal.run, false, mismatch, result)]
      if (rehearsal.refused !== undefined) {
        const live = await run('live start', rehearsal.refused)
        tried.push(describeOutcome('live start', rehearsal.refused, false, findNotRefused(live), live))
      }
      const after = await count('after')
      if (before !== null && after !== null) {
        // The complete outputs are compared, not only the ends that become evidence.
        const other = before.stdout.equals(after.stdout) ? null : 'differs from the counts before'
        tried.push(before.outcome, { ...after.outcome, fault: after.outcome.fault ?? other })
      }
      return {
        faults: listFaults(tried),
        tried,
        why: 'the deployed program reads, refuses to go live, and changes no count',
        facts: { tried: tried.map(summarizeOutcome) },
      }
    },
  })

/** Why a live start was not refused, or null. With 126 or 127 the shell could not run the program, which then refused nothing. */
function findNotRefused({ exitCode }: RunResult): string | null {
  if (exitCode === 126 || exitCode === 127) return `could not be run: ended with ${exitCode}`
  return exitCode === 0 || exitCode === null ? 'was not refused' : null
}
