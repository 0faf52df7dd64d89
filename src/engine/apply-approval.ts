import type { Verdict } from '../approvals/approval-case.ts'
import { judgeApproval } from '../approvals/judge-approval.ts'
import type { PolicySnapshot } from '../approvals/policy-snapshot.ts'
import { unknownApprovalRefusal } from '../approvals/rules/binding.ts'
import { driftRefusal } from '../approvals/rules/drift-refusal.ts'
import { recordSignatureTool } from '../approvals/tool-evidence.ts'
import { ABANDON_GATE, type Approval } from '../domain/approval.ts'
import { listOperators } from '../domain/history-facts.ts'
import { digestOfBytes, type Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { ResumableRun } from '../store/run-store.ts'
import { assertLiveAtGate } from './check-live.ts'
import { readPlanDifferences } from './compare-plans.ts'
import type { EngineDeps } from './engine-deps.ts'
import { mapConflict } from './lease.ts'
import { readPolicyAt } from './record-policy.ts'
import { recordRefusal } from './record-refusal.ts'
import { timeFor } from './step-time.ts'
import { continueRun } from './work-on-run.ts'

/** Nothing refused an approval. The judge refuses `abandon` at every gate of a chart, so it has no event. */
export type Accepted = Extract<Verdict, { refusal: null }> & Recorded

/**
 * Applies an approval to the gate at which a run waits. The approval is judged here, where it is used, and everything unverified is refused
 * before the run moves. `judged` is the verdict of this moment about this very state of the run, where it was asked for already: the step
 * that follows is refused if the run has moved since.
 * @throws APPROVAL_NOT_FOUND, APPROVAL_REFUSED, FILES_UNSAFE with the reason; the history records it
 * @throws LIVE_REFUSED while live writes are off; the approval stays unused
 */
export async function applyApproval(
  deps: EngineDeps,
  { run, approvals, byPeople, timers }: ResumableRun,
  approvalId: string,
  by: string,
  judged?: Accepted,
): Promise<Run> {
  const approval =
    approvals.find((one) => one.approvalId === approvalId) ?? (await deps.store.approval(approvalId))
  if (approval === null)
    throw await recordRefusal(deps, run, approvalId, unknownApprovalRefusal(approvalId), by)
  const verdict = judged ?? (await judgeAtGate(deps, run, approval, by, { approvals, byPeople }))
  if (verdict.refusal !== null) throw await recordRefusal(deps, run, approvalId, verdict.refusal, by)

  if (approval.statement.decision === 'approve')
    await assertLiveAtGate(deps, run, `approval ${approvalId} was not used`)

  const { evidence = [] } = verdict
  const event = { type: approval.statement.decision.toUpperCase(), ...decisionFacts(approval, verdict) }
  return checkWorld(deps, run, approval, by, () => continueRun(deps, run, event, by, { evidence, timers }))
}

/** What the entry of a decision records of its approval: who decided, with which keys, under which policy. */
export function decisionFacts(
  { approvalId, statement, signature }: Approval,
  { vouched, counted, policyDigest }: Accepted,
): { [field: string]: Json } {
  return {
    approvalId,
    approver: statement.approver,
    vouched: vouched as unknown as Json,
    signatureDigest: signature === null ? null : digestOfBytes(signature),
    counted: counted as unknown as Json,
    ...(policyDigest === undefined ? {} : { policyDigest }),
  }
}

/**
 * Does the work of a decision, whose first phase checks the world. The approval is refused if the run waits afterwards and did not use it.
 * A machine may come to the same gate once more after its writes. So only the record of the approval counts.
 * @throws APPROVAL_REFUSED with DRIFT or WORLD_NOT_CHECKED
 */
export async function checkWorld(
  deps: EngineDeps,
  run: Run,
  approval: Approval,
  by: string,
  work: () => Promise<Run>,
): Promise<Run> {
  const decided = await mapConflict(deps, run, work)
  if (decided.status === 'paused' && !(await isUsed(deps, approval))) {
    const inPlans = await readPlanDifferences(deps, approval.statement.planDigest, decided)
    const words = inPlans.map((line) => deps.secrets?.redactText(line) ?? line)
    const refusal = driftRefusal(decided, approval, words)
    throw await recordRefusal(deps, decided, approval.approvalId, refusal, by)
  }
  return decided
}

const isUsed = async ({ store }: EngineDeps, { approvalId }: Approval): Promise<boolean> =>
  ((await store.approval(approvalId))?.usedSeq ?? null) !== null

type Recorded = Partial<Pick<PolicySnapshot, 'policyDigest' | 'evidence'>>

/**
 * Judges an approval by everything but the world, for a run that waits at a gate, with the policy that was judged by. A run that is to be
 * abandoned is judged without its machine, which may be gone.
 */
export async function judgeAtGate(
  deps: EngineDeps,
  run: Run,
  approval: Approval,
  by: string,
  { approvals, byPeople }: Pick<ResumableRun, 'approvals' | 'byPeople'>,
): Promise<Verdict & Recorded> {
  const installed = run.gate === ABANDON_GATE ? null : await deps.installed(run.machine, run)
  const { policy, trust, ...recorded } = await readPolicyAt(deps, run)
  const verdict = await judgeApproval({
    run,
    approval,
    operators: [...listOperators(byPeople, run.osUser), by, deps.osUser],
    now: timeFor(deps, run),
    trust,
    policy,
    others: approvals,
    reviewGates: installed?.machine.reviewGates ?? [],
    findApprovalsOfReview: (id) => deps.store.approvalsNaming(id),
    findFilesFault: () => deps.filesFault?.(installed?.files ?? []) ?? null,
  })
  if (verdict.refusal !== null) return verdict
  const tools = verdict.vouched === null ? [] : await recordSignatureTool(run.gate ?? '', trust)
  return { ...verdict, ...recorded, evidence: [...(recorded.evidence ?? []), ...tools] }
}
