import type { Approval, Decision } from '../../domain/approval.ts'

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
  /** ISO 8601. */
  expiresAt: string
}

/** The same in a list, with the history entry that used the approval. */
export interface ListedApproval extends ApprovalAnswer {
  usedSeq: number | null
  usedAt: string | null
}

export interface KeptApproval {
  approval: ApprovalAnswer
  /** What the gate would say against the approval as things are now, or null. */
  warning: { reason: string; message: string } | null
}

/** The answer of approval commands: the fields of the statement by which people recognise an approval, without its signature. */
export function approvalAnswer({ approvalId, kind, statement }: Approval): ApprovalAnswer {
  const { runId, machine, gate, seq, planDigest, decision, approver, expiresAt } = statement
  return { approvalId, runId, machine, gate, seq, planDigest, decision, kind, approver, expiresAt }
}

/** The answer for a list: also which entry used the approval and when (ISO 8601); both are null while it is unused. */
export function listedApproval(approval: Approval): ListedApproval {
  const { usedSeq, usedAt } = approval
  return { ...approvalAnswer(approval), usedSeq, usedAt }
}
