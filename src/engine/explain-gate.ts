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
import { timeFor } from './step-time.ts'

/** The policy of a gate with its defaults. */
export interface PolicyInForce {
  need: number
  /** Null: everyone whom allowed_signers admits. */
  of: string[] | null
  validHours: number
  fourEyes: boolean
}

/** An approval that is not used yet, with the refusal that it would get at the gate now. */
export interface JudgedApproval {
  approvalId: string
  approver: string
  decision: Decision
  wouldCount: boolean
  reason: string | null
  message: string | null
}

/** Who may approve at a gate, and which approvals would count. */
export interface GateExplanation {
  policy: PolicyInForce
  approvers: Approver[]
  /** How many people may approve, each person once. */
  people: number
  approvals: JudgedApproval[]
  /** Whether the file of allowed signers can be read. */
  signersReadable: boolean
}

/** Explains who may approve at the gate of a run, and which of its approvals would count. Records nothing. */
export async function explainGate(deps: EngineDeps, run: Run & { gate: string }): Promise<GateExplanation> {
  const loaded = await loadRunWithApprovals(deps, run.runId)
  const policy = policyAt(deps.policy(run.machine, run.gate))
  const { fourEyes } = policy
  const { approvers, people, readable } = await listApprovers(deps.trust, {
    namespace: namespaceOf(run.machine, run.gate),
    live: run.mode === 'live',
    at: timeFor(deps, run),
    policy: { ...deps.policy(run.machine, run.gate), fourEyes },
    operators: listOperators(loaded.byPeople, run.osUser),
  })
  const approvals: JudgedApproval[] = []
  for (const approval of loaded.approvals) {
    const { usedSeq, statement } = approval
    if (usedSeq === null && statement.gate === run.gate)
      approvals.push(await judgeUnused(deps, run, approval, loaded))
  }
  return { policy, approvers, people, approvals, signersReadable: readable }
}

function policyAt({ of, validHours, need = 1, fourEyes = true }: ApprovalPolicy): PolicyInForce {
  return { need, of: of ?? null, validHours, fourEyes }
}

/** Judges an approval as if the person who started the run resumed it, because a person who only reads operates nothing. */
async function judgeUnused(
  deps: EngineDeps,
  run: Run,
  approval: Approval,
  loaded: ResumableRun,
): Promise<JudgedApproval> {
  const { approvalId, statement } = approval
  const { refusal } = await judgeAtGate({ ...deps, osUser: run.osUser }, run, approval, run.startedBy, loaded)
  return {
    approvalId,
    approver: statement.approver,
    decision: statement.decision,
    wouldCount: refusal === null || refusal.reason === 'NOT_ENOUGH_APPROVERS',
    reason: refusal?.reason ?? null,
    message: refusal?.message ?? null,
  }
}
