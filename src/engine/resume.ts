import type { Run } from '../domain/run.ts'
import type { Accepted } from './apply-approval.ts'
import { assertSuitableHost } from './assert-suitable-host.ts'
import { assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps } from './engine-deps.ts'
import { assertNotClaimed } from './lease.ts'
import { type LoadedRun, loadForResume, loadRunWithApprovals } from './load-run.ts'
import { assertOperator } from './operators.ts'
import { findRestingAnswer } from './resume-precheck.ts'

/** The options of `Engine.resume`. */
export interface ResumeOptions {
  approvalId?: string
  /** The verdict of this moment about the approval, for the given run as it was loaded. Left out: the approval is judged here. */
  verdict?: Accepted
  /** Label of the operator. */
  by?: string
}

/**
 * Resumes a run from where it rests: applies an approval at a gate, closes a gate whose time is over, retries after a stop, settles what a crash left. A run given by its id
 * is loaded and checked first.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, ON_HOLD for a run given by its id
 * @throws RUN_HELD when another process works on the run
 * @throws HOST_UNSUITABLE, LIVE_REFUSED when another host of the store has to continue it
 * @throws OPERATOR_REFUSED, INPUT_REFUSED, USAGE for the operator's label
 * @throws MACHINE_CHANGED when the installed machine is of another definition and has no upgrade for the run
 * @throws APPROVAL_REQUIRED, APPROVAL_NOT_FOUND, APPROVAL_REFUSED, FILES_UNSAFE at a gate
 */
export async function resumeRun(
  deps: EngineDeps,
  given: string | LoadedRun,
  { approvalId, verdict, by: label }: ResumeOptions,
): Promise<Run> {
  assertNoSecretWords(deps, { '--by': label, '--approval': approvalId })
  const loaded = typeof given === 'string' ? await loadForResume(deps, given) : given
  const { run: found, record } = loaded
  if (found.status === 'closed') return found
  const by = assertOperator(deps, label)
  // Nothing is in flight where a run rests.
  if (found.status === 'working') await assertNotClaimed(deps, found)
  // Anybody closes a gate whose time is over, since that needs the chart alone.
  if (!(found.status === 'paused' && isDue(deps, loaded))) await assertSuitableHost(deps, found)
  // Moving a run uses more of its record than its row, so all of the record must follow from the history.
  if (record !== null) await (await import('./verify-run.ts')).verifyReplay(deps, record)
  const { upgradeIfNeeded } = await import('./upgrade-run.ts')
  const run = await upgradeIfNeeded(deps, found, by)
  if (run.status === 'paused') {
    const current = run === found ? loaded : await loadRunWithApprovals(deps, run.runId)
    const { expireGate } = await import('./expire-gate.ts')
    const expired = await expireGate(deps, current)
    if (expired !== null) return expired
    findRestingAnswer(run, approvalId)
    const { applyApproval } = await import('./apply-approval.ts')
    return applyApproval(deps, current, approvalId!, by, run === found ? verdict : undefined)
  }
  const { resumeStopped } = await import('./resume-stopped.ts')
  return resumeStopped(deps, run, approvalId, by)
}

const isDue = ({ clock }: EngineDeps, { timers }: LoadedRun) =>
  timers.some(({ dueAt }) => Date.parse(dueAt) <= clock.now().getTime())
