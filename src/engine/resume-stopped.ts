import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { heldApprovalId } from '../machine/transition.ts'
import { checkWorld, judgeAtGate, recordedRefusalError, recordRefusal } from './apply-approval.ts'
import { assertFilesSafe } from './check-live.ts'
import type { EngineDeps } from './engine-deps.ts'
import { claimEffects, mapConflict } from './lease.ts'
import { loadRunWithApprovals } from './load-run.ts'
import { findLastApprovalUsed } from './run-effect.ts'
import { continueRun, saveEvent } from './work-on-run.ts'

/** Takes up a run that stopped or was interrupted. An approval may come along only if it is the one that the run goes on under. */
export async function resumeStopped(
  deps: EngineDeps,
  run: Run,
  approvalId: string | undefined,
  by: string,
): Promise<Run> {
  if (approvalId !== undefined && !(await goesOnUnder(deps, run, approvalId)))
    throw await notHere(deps, run, approvalId, by)
  if (run.mode === 'live') assertFilesSafe(deps, await deps.installed(run.machine))
  const claimed = heldApprovalId(run)
  if (run.status === 'working' && run.gateSeq !== null && claimed !== null)
    return checkAgain(deps, run, claimed, by)
  const event = run.status === 'stopped' ? { type: 'RETRY' } : null
  return mapConflict(deps, run, () => continueRun(deps, run, event, by))
}

async function goesOnUnder({ store }: EngineDeps, run: Run, approvalId: string): Promise<boolean> {
  if (heldApprovalId(run) === approvalId) return true
  return (await findLastApprovalUsed(store, run.runId))?.approvalId === approvalId
}

async function notHere(deps: EngineDeps, run: Run, approvalId: string, by: string): Promise<CutterError> {
  const known = await deps.store.approval(approvalId)
  const message =
    known === null
      ? `there is no approval ${approvalId} here`
      : `run ${run.runId} waits at no gate (${run.state}, ${run.status}), so approval ${approvalId} decides nothing`
  const reason = known === null ? 'APPROVAL_UNKNOWN' : 'NOT_AT_A_GATE'
  await recordRefusal(deps, run, { approvalId, reason, message }, by)
  return new CutterError(known === null ? 'APPROVAL_NOT_FOUND' : 'APPROVAL_REFUSED', message, {
    next: `cutter run resume ${run.runId} takes it up without one`,
    data: { runId: run.runId, approvalId, reason },
  })
}

/**
 * The process ended while the world was looked at, with the approval in hand and not yet used. Time has passed since it was
 * checked: a key may be revoked, a statement expired. It is judged again, and the run falls back to its gate if it counts no more.
 */
async function checkAgain(deps: EngineDeps, run: Run, approvalId: string, by: string): Promise<Run> {
  const approval = await deps.store.approval(approvalId)
  if (approval === null)
    throw new CutterError('STORE_TAMPERED', `approval ${approvalId} of run ${run.runId} is gone`)
  const paused = { status: 'paused', phase: null, stopCode: 'STOP_APPROVAL_REQUIRED' }
  const waiting = { ...run, ...paused, gate: approval.statement.gate } as Run
  const verdict = await judgeAtGate(deps, waiting, approval, by, await loadRunWithApprovals(deps, run.runId))
  if (verdict.refusal === null)
    return checkWorld(deps, run, approval, by, () => continueRun(deps, run, null, by))

  const back = await returnToGate(deps, run, verdict.refusal.message, by)
  throw await recordedRefusalError(deps, back, approval, verdict.refusal, by)
}

/** Ends the look at the world of a run that died in it, so that it waits at its gate again, with no approval in hand. */
export async function returnToGate(deps: EngineDeps, run: Run, why: string, by: string): Promise<Run> {
  const [effect] = await claimEffects(deps, run)
  const error = { code: 'STOP_APPROVAL_REQUIRED', message: why }
  const event = { type: `xstate.error.actor.${effect!.invokeId}`, actorId: effect!.invokeId, error }
  const claimed = { run, effects: [effect!], timers: await deps.store.timers(run.runId) }
  const installed = await deps.installed(run.machine)
  const back = await saveEvent(deps, installed, claimed, event, { effectDone: effect!.invokeId, by })
  return back.run
}
