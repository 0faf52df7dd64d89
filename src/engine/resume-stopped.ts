import { abandonCommand, notAtGateRefusal, unknownApprovalRefusal } from '../approvals/rules/binding.ts'
import type { Approval } from '../domain/approval.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { heldApprovalId } from '../machine/transition.ts'
import { checkWorld, judgeAtGate } from './apply-approval.ts'
import { assertFilesSafe } from './check-live.ts'
import { findLastApprovalUsed } from './effect-context.ts'
import type { EngineDeps } from './engine-deps.ts'
import { claimEffects, mapConflict, movedError } from './lease.ts'
import { loadRunWithApprovals } from './load-run.ts'
import { recordRefusal } from './record-refusal.ts'
import { continueRun, saveEvent } from './work-on-run.ts'

/**
 * Resumes a run that stopped or was interrupted. An approval may be given only if it is the one under which the run continues.
 * @throws APPROVAL_NOT_FOUND, APPROVAL_REFUSED for another approval
 * @throws FILES_UNSAFE for a live run
 */
export async function resumeStopped(
  deps: EngineDeps,
  run: Run,
  approvalId: string | undefined,
  by: string,
): Promise<Run> {
  if (approvalId !== undefined && !(await continuesUnder(deps, run, approvalId)))
    throw await refuseOtherApproval(deps, run, approvalId, by)
  if (run.mode === 'live') assertFilesSafe(deps, await deps.installed(run.machine, run))
  const held = heldApprovalId(run)
  if (run.status === 'working' && run.gateSeq !== null && held !== null)
    return judgeAgain(deps, run, held, by)
  const event = run.status === 'stopped' ? { type: 'RETRY' } : null
  return mapConflict(deps, run, () => continueRun(deps, run, event, by))
}

async function continuesUnder({ store }: EngineDeps, run: Run, approvalId: string): Promise<boolean> {
  if (heldApprovalId(run) === approvalId) return true
  return (await findLastApprovalUsed(store, run.runId))?.approvalId === approvalId
}

async function refuseOtherApproval(
  deps: EngineDeps,
  run: Run,
  approvalId: string,
  by: string,
): Promise<CutterError> {
  const known = await deps.store.approval(approvalId)
  const next =
    known?.statement.decision === 'abandon'
      ? abandonCommand(run.runId, approvalId)
      : `cutter run resume ${run.runId} continues it without an approval`
  const refusal =
    known === null ? { ...unknownApprovalRefusal(approvalId), next } : notAtGateRefusal(run, next)
  return recordRefusal(deps, run, approvalId, refusal, by)
}

/**
 * The process ended during the last check of the world, with an approval that was taken and not yet used. Time has passed since that
 * approval was judged: a key may be revoked, a statement may have expired. So it is judged again, and the run returns to its gate if
 * the approval no longer counts.
 */
async function judgeAgain(deps: EngineDeps, run: Run, approvalId: string, by: string): Promise<Run> {
  const approval = await deps.store.approval(approvalId)
  if (approval === null) throw lostApprovalError(run, approvalId)
  const verdict = await judgeAtGate(
    deps,
    atItsGate(run, approval),
    approval,
    by,
    await loadRunWithApprovals(deps, run.runId),
  )
  if (verdict.refusal === null)
    return checkWorld(deps, run, approval, by, () => continueRun(deps, run, null, by))

  const returned = await returnToGate(deps, run, verdict.refusal.message, by)
  throw await recordRefusal(deps, returned, approvalId, verdict.refusal, by)
}

/** The run as it was while it waited at the gate of an approval. */
function atItsGate(run: Run, { statement }: Approval): Run {
  const paused = { status: 'paused', phase: null, stopCode: 'STOP_APPROVAL_REQUIRED', gate: statement.gate }
  return { ...run, ...paused } as Run
}

function lostApprovalError({ runId }: Run, approvalId: string): CutterError {
  return new CutterError('STORE_TAMPERED', `approval ${approvalId} of run ${runId} is missing in the store`, {
    next: `compare with a backup of the store; see: cutter run history ${runId}`,
  })
}

/** Ends the check of the world of a run that was interrupted in it, so that the run waits at its gate again and holds no approval. */
export async function returnToGate(deps: EngineDeps, run: Run, why: string, by: string): Promise<Run> {
  const [effect] = await claimEffects(deps, run)
  if (effect === undefined) throw movedError(run)
  const { invokeId } = effect
  const error = { code: 'STOP_APPROVAL_REQUIRED', message: why }
  const event = { type: `xstate.error.actor.${invokeId}`, actorId: invokeId, error }
  const claimed = { run, effects: [effect], timers: await deps.store.timers(run.runId) }
  const installed = await deps.installed(run.machine, run)
  const returned = await saveEvent(deps, installed, claimed, event, { effectDone: invokeId, by })
  return returned.run
}
