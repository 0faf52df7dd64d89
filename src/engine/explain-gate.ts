import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import { type Approver, listApprovers } from '../approvals/list-approvers.ts'
import { namespaceOf } from '../approvals/statement.ts'
import type { Approval, Decision } from '../domain/approval.ts'
import { listOperators } from '../domain/history-facts.ts'
import type { Run } from '../domain/run.ts'
import type { ResumableRun } from '../store/run-store.ts'
import { judgeAtGate } from './apply-approval.ts'
import type { EngineDeps } from './engine-deps.ts'
import { loadRunWithApprovals } from './load-run.ts'

export interface PolicyInForce {
  need: number
  /** Null: whoever allowed_signers admits. */
  of: string[] | null
  validHours: number
  fourEyes: boolean
}

/** An approval that is there and not used yet, with what would be said of it if it were brought to the gate now. */
export interface JudgedApproval {
  approvalId: string
  approver: string
  decision: Decision
  wouldCount: boolean
  reason: string | null
  message: string | null
}

export interface GateExplanation {
  policy: PolicyInForce
  approvers: Approver[]
  approvals: JudgedApproval[]
  /** Whether there is a file of allowed signers at all. */
  signersReadable: boolean
}

/** Who could approve where a run waits, and what the approvals are worth that are there already. Records nothing. */
export async function explainGate(deps: EngineDeps, run: Run & { gate: string }): Promise<GateExplanation> {
  const taken = await loadRunWithApprovals(deps, run.runId)
  const policy = policyAt(deps.policy(run.machine, run.gate))
  const { of, fourEyes } = policy
  const { approvers, readable } = await listApprovers(deps.trust, {
    namespace: namespaceOf(run.machine, run.gate),
    live: run.mode === 'live',
    at: deps.clock.now(),
    policy: { fourEyes, ...(of === null ? {} : { of }) },
    operators: listOperators(taken.byPeople, run.osUser),
  })
  const approvals: JudgedApproval[] = []
  for (const approval of taken.approvals) {
    const { usedSeq, statement } = approval
    if (usedSeq === null && statement.gate === run.gate)
      approvals.push(await weighed(deps, run, approval, taken))
  }
  return { policy, approvers, approvals, signersReadable: readable }
}

function policyAt({ of, validHours, need = 1, fourEyes = true }: ApprovalPolicy): PolicyInForce {
  return { need, of: of ?? null, validHours, fourEyes }
}

/** Judged as if who started the run brought it: whoever only looks operates nothing. */
async function weighed(
  deps: EngineDeps,
  run: Run,
  approval: Approval,
  taken: ResumableRun,
): Promise<JudgedApproval> {
  const { approvalId, statement } = approval
  const { refusal } = await judgeAtGate({ ...deps, osUser: run.osUser }, run, approval, run.startedBy, taken)
  return {
    approvalId,
    approver: statement.approver,
    decision: statement.decision,
    wouldCount: refusal === null || refusal.reason === 'NOT_ENOUGH_APPROVERS',
    reason: refusal?.reason ?? null,
    message: refusal?.message ?? null,
  }
}
