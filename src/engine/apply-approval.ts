import { findBindingRefusal, judgeApproval, type Refusal } from '../approvals/judge-approval.ts'
import { worldRefusal } from '../approvals/rules/drift-refusal.ts'
import type { Approval } from '../domain/approval.ts'
import { CutterError } from '../domain/errors.ts'
import { listOperators } from '../domain/history-facts.ts'
import { digestOfBytes, type Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { Machine } from '../machine/define.ts'
import { recordStep } from '../machine/transition.ts'
import type { ResumableRun } from '../store/run-store.ts'
import type { EngineDeps } from './engine-deps.ts'
import { currentLease, mapConflict } from './lease.ts'
import { readPolicyAt } from './record-policy.ts'
import { continueRun } from './work-on-run.ts'

const EVENTS = { approve: 'APPROVE', reject: 'REJECT', void: 'VOID' } as const

/** Brings an approval to the gate at which a run waits. Everything unverified is refused before the run moves. */
export async function applyApproval(
  deps: EngineDeps,
  { run, approvals, byPeople, timers }: ResumableRun,
  approvalId: string,
  by: string,
): Promise<Run> {
  const approval =
    approvals.find((one) => one.approvalId === approvalId) ?? (await deps.store.approval(approvalId))
  if (approval === null) {
    const message = `there is no approval ${approvalId} here`
    await recordRefusal(deps, run, { approvalId, reason: 'APPROVAL_UNKNOWN', message }, by)
    throw new CutterError('APPROVAL_NOT_FOUND', message, {
      next: `cutter approval list; one signed elsewhere comes in with: cutter approval import --statement F --signature F.sig`,
    })
  }
  const verdict = await judgeAtGate(deps, run, approval, by, { approvals, byPeople })
  if (verdict.refusal !== null) throw await recordedRefusalError(deps, run, approval, verdict.refusal, by)

  const { decision, approver } = approval.statement
  const { vouched, counted, policyDigest, evidence = [] } = verdict
  const event = {
    type: EVENTS[decision],
    approvalId,
    approver,
    vouched: vouched as unknown as Json,
    signatureDigest: approval.signature === null ? null : digestOfBytes(approval.signature),
    counted: counted as unknown as Json,
    ...(policyDigest === undefined ? {} : { policyDigest }),
  }
  return checkWorld(deps, run, approval, by, () => continueRun(deps, run, event, by, { evidence, timers }))
}

/** The last check, the world's, is part of the work. Still at the same gate after it: the approval was not used. */
export async function checkWorld(
  deps: EngineDeps,
  run: Run,
  approval: Approval,
  by: string,
  work: () => Promise<Run>,
): Promise<Run> {
  const decided = await mapConflict(deps, run, work)
  if (decided.status === 'paused' && decided.state === run.state) {
    throw await worldRefused(deps, decided, approval, by)
  }
  return decided
}

/** Every check of an approval but the world's, for a run that waits at a gate, with all approvals that are kept for it. */
export async function judgeAtGate(
  deps: EngineDeps,
  run: Run,
  approval: Approval,
  by: string,
  { approvals, byPeople }: Pick<ResumableRun, 'approvals' | 'byPeople'>,
) {
  const { machine, files = [] } = await deps.installed(run.machine)
  const early =
    findBindingRefusal({ run, approval }) ??
    refuseMissingReview(machine, run, approval) ??
    (await refuseUsedReview(deps, approval)) ??
    refuseUnsafeFiles(deps, run, files)
  if (early !== null) return { refusal: early }
  const { policy, trust, ...recorded } = await readPolicyAt(deps, run)
  const verdict = await judgeApproval({
    run,
    approval,
    operators: [...listOperators(byPeople, run.osUser), by, deps.osUser],
    now: deps.clock.now(),
    trust,
    policy,
    others: approvals,
  })
  return verdict.refusal === null ? { ...verdict, ...recorded } : verdict
}

/** Who may decide is only as good as the files that say so. */
function refuseUnsafeFiles(deps: EngineDeps, run: Run, machine: string[]): Refusal | null {
  const fault = run.mode === 'live' ? deps.filesFault?.(machine) : null
  return fault ? { reason: 'FILES_UNSAFE', message: fault.message, next: fault.next } : null
}

/** A review is one decision: its id can't stand for that of another approval, nor for a review that leg B records. */
async function refuseUsedReview({ store }: EngineDeps, approval: Approval) {
  const id = approval.statement.reviewDecisionId
  if (id === undefined) return null
  const others = (await store.approvalsNaming(id)).filter(
    ({ approvalId }) => approvalId !== approval.approvalId,
  )
  if (!id.startsWith('rd-ap-') && others.length === 0) return null
  return {
    reason: 'REVIEW_USED' as const,
    message: `approval ${approval.approvalId} names the review decision ${id}, which belongs to another decision`,
    next: `compose the statement anew with: cutter approval statement ${approval.statement.runId} --as ${approval.statement.approver}`,
  }
}

function refuseMissingReview({ reviewGates = [] }: Machine, run: Run, { statement, approvalId }: Approval) {
  const { gate, decision, reviewDecisionId } = statement
  if (
    decision !== 'approve' ||
    gate !== run.gate ||
    !reviewGates.includes(gate) ||
    reviewDecisionId !== undefined
  )
    return null
  return {
    reason: 'REVIEW_MISSING' as const,
    message: `approval ${approvalId} names no review decision, which gate ${gate} asks for`,
    next: `compose the statement with: cutter approval statement ${run.runId} --as ${statement.approver}`,
  }
}

/** A refusal is an entry that does not move the run, so that attempts can be seen and statements stay valid. */
export async function recordRefusal(
  deps: EngineDeps,
  run: Run,
  why: { approvalId: string; reason: string; message: string; differences?: string[] },
  by: string,
): Promise<void> {
  const event = { type: 'cutter.approval-refused', ...why }
  const step = recordStep(run, event, { at: deps.clock.now().toISOString(), by })
  await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
}

export async function recordedRefusalError(
  deps: EngineDeps,
  run: Run,
  { approvalId }: Approval,
  { reason, message, next }: Pick<Refusal, 'message' | 'next'> & { reason: string },
  by: string,
): Promise<CutterError> {
  await recordRefusal(deps, run, { approvalId, reason, message }, by)
  const code = reason === 'FILES_UNSAFE' ? 'FILES_UNSAFE' : 'APPROVAL_REFUSED'
  return new CutterError(code, message, { next, data: { runId: run.runId, approvalId, reason } })
}

async function worldRefused(
  deps: EngineDeps,
  run: Run,
  approval: Approval,
  by: string,
): Promise<CutterError> {
  const { approvalId } = approval
  const { reason, why, message, next, differences } = worldRefusal(run, approval)
  const named = differences.length === 0 ? {} : { differences }
  await recordRefusal(deps, run, { approvalId, reason, message: why, ...named }, by)
  return new CutterError('APPROVAL_REFUSED', message, {
    next,
    data: { runId: run.runId, approvalId, reason, differences },
  })
}
