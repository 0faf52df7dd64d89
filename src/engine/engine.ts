import { CutterError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { Mode, Run } from '../domain/run.ts'
import { assertNotOnHold } from './check-hold.ts'
import { assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps } from './engine-deps.ts'
import { assertNotClaimed, mapConflict } from './lease.ts'
import { loadForResume, loadRun } from './load-run.ts'
import { assertOperator } from './operators.ts'
import { findRestingAnswer } from './resume-precheck.ts'

export interface StartOptions {
  mode: Mode
  /** Makes starting idempotent for ever: same key and same input → the same run. */
  key?: string
  /** A label for who starts it; the OS user is recorded beside it. */
  by?: string
}

export interface Engine {
  /** Makes a run and works on it until it pauses, stops or closes. */
  start(machine: string, input: { [key: string]: Json }, options: StartOptions): Promise<Run>
  /**
   * Takes a run up again: under an approval when it waits at a gate, after a stop, or after a crash. A closed run is
   * answered as it is, with no work.
   */
  resume(runId: string, options: { approvalId?: string; by?: string }): Promise<Run>
  /** Closes a run as cancelled that rests, or was interrupted with no live write in flight. What it has committed stays; what that is, the answer's output says. */
  cancel(runId: string, options: { reason: string; by?: string }): Promise<Run>
  /** How many runs this process has in hand at this moment. */
  inHand(): number
}

/**
 * The verbs that move runs. What they need beyond the store (machines, approvals, XState) is loaded when a run really moves:
 * asking after a run that is closed or waits must not pay for it.
 */
export function createEngine(parts: EngineDeps): Engine {
  // Two resumes of one run in one process share an owner, so the lease can't tell them apart; this does.
  const inHands = new Set<string>()
  const exclusively = async <T>(runId: string, task: () => Promise<T>): Promise<T> => {
    if (inHands.has(runId)) throw held(runId)
    inHands.add(runId)
    try {
      return await task()
    } finally {
      await parts.reports?.atRest(runId)
      inHands.delete(runId)
    }
  }
  return {
    async start(machine, input, options) {
      const { startRun } = await import('./start.ts')
      return startRun(parts, exclusively, machine, input, options)
    },
    resume: (runId, options) => exclusively(runId, () => resume(parts, runId, options)),
    cancel: (runId, options) => exclusively(runId, () => cancel(parts, runId, options)),
    inHand: () => inHands.size,
  }
}

const held = (runId: string) =>
  new CutterError('RUN_HELD', `run ${runId} is being worked on by this very process`, {
    next: 'wait for its answer',
  })

export type Exclusively = <T>(runId: string, task: () => Promise<T>) => Promise<T>

async function resume(
  parts: EngineDeps,
  id: string,
  options: { approvalId?: string; by?: string },
): Promise<Run> {
  assertNoSecretWords(parts, { '--by': options.by, '--approval': options.approvalId })
  const taken = await loadForResume(parts, id)
  const { run: found, record } = taken
  if (found.status === 'closed') return found
  await assertNotOnHold(parts, found)
  const by = assertOperator(parts, options.by)
  // Nothing is in flight where a run rests.
  if (found.status === 'working') await assertNotClaimed(parts, found)
  // Whoever moves a run takes up more of its record than its row: all of it must be what the history gives.
  if (record !== null) await (await import('./verify-run.ts')).verifyReplay(parts, record)
  const { upgradeIfNeeded } = await import('./upgrade-run.ts')
  const run = await upgradeIfNeeded(parts, found, by)
  findRestingAnswer(run, options.approvalId)
  if (run.status === 'paused') {
    const { applyApproval } = await import('./apply-approval.ts')
    return applyApproval(
      parts,
      run === found ? taken : await loadForResume(parts, id),
      options.approvalId!,
      by,
    )
  }
  const { resumeStopped } = await import('./resume-stopped.ts')
  return resumeStopped(parts, run, options.approvalId, by)
}

async function cancel(parts: EngineDeps, id: string, options: { reason: string; by?: string }): Promise<Run> {
  assertNoSecretWords(parts, { '--by': options.by, '--reason': options.reason })
  const run = await loadRun(parts, id)
  if (run.status === 'closed') return run
  const by = assertOperator(parts, options.by)
  await assertNotClaimed(parts, run)
  const { cancelOrphaned, claimUnsettled } = await import('./cancel-orphaned.ts')
  const { continueRun } = await import('./work-on-run.ts')
  const { reason } = options
  if (run.status === 'working') await claimUnsettled(parts, run)
  const abandoned = await cancelOrphaned(parts, run, { by, reason })
  if (abandoned !== null) return abandoned
  if (parts.checkRecords !== false) await (await import('./verify-run.ts')).verifyRun(parts, id)
  return mapConflict(parts, run, () => continueRun(parts, run, { type: 'CANCEL', reason }, by))
}
