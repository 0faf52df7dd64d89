import type { ApprovalPolicy } from '../../approvals/approval-policy.ts'
import { findValidityEnd } from '../../approvals/rules/validity.ts'
import type { Approval, Decision } from '../../domain/approval.ts'
import type { GateDecision } from '../../domain/decisions.ts'

/** What approval commands print with `--json`. */
export interface ApprovalAnswer {
  approvalId: string
  runId: string
  machine: string
  gate: string
  /** `seq` of the history entry at which the run came to the gate. */
  seq: number
  planDigest: string
  decision: Decision
  kind: Approval['kind']
  approver: string
  /** As signed; ISO 8601, as `countsUntil`. */
  expiresAt: string
  /** Where the policy of the gate is known: until when it lets the approval count, at the latest until `expiresAt`. */
  countsUntil?: string
  /** Whether `valid-before` of allowed_signers ends it, which is sooner than the policy. */
  endsBySigners?: boolean
  /** From when `valid-after` of allowed_signers lets it count, where that is set. */
  countsFrom?: string
}

/** The same in a list, with the history entry that used the approval. */
export interface ListedApproval extends ApprovalAnswer {
  usedSeq: number | null
  usedAt: string | null
  /** The entry of a decision for which the approval counted, with the approval that the entry used or as that one. */
  countedSeq: number | null
}

export interface KeptApproval {
  approval: ApprovalAnswer
  /** What the gate would say against the approval as things are now, or null. */
  warning: { reason: string; message: string } | null
}

/** The answer of approval commands: the fields of the statement by which people recognise an approval, without its signature. */
export function approvalAnswer(
  { approvalId, kind, statement }: Approval,
  policyAt?: (machine: string, gate: string) => ApprovalPolicy,
): ApprovalAnswer {
  const { runId, machine, gate, seq, planDigest, decision, approver, expiresAt } = statement
  const policy = policyAt?.(machine, gate)
  const ends = policy === undefined ? {} : { countsUntil: findValidityEnd(statement, policy).endsAt }
  return { approvalId, runId, machine, gate, seq, planDigest, decision, kind, approver, expiresAt, ...ends }
}

/** The answer for a list: also which entry used the approval and when (ISO 8601); both are null while it is unused. */
export function listedApproval(approval: Approval, decisions: GateDecision[]): ListedApproval {
  const { approvalId, usedSeq, usedAt } = approval
  const counted = decisions.find(({ approvers }) => approvers.some((one) => one.approvalId === approvalId))
  return { ...approvalAnswer(approval), usedSeq, usedAt, countedSeq: counted?.usedSeq ?? null }
}
