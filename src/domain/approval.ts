import type { Json } from './json.ts'

export type Decision = 'approve' | 'reject' | 'void'

/**
 * What an approver signs: one decision on one plan at one arrival at one gate of one run. The bytes that are signed are
 * the RFC 8785 form of this object, without a final newline.
 */
export interface Statement {
  type: 'cutter.approval/v1'
  runId: string
  machine: string
  version: string
  gate: string
  /** `seq` and hash of the history entry that arrived at the gate; later entries that don't move the run leave them. */
  seq: number
  historyHead: string
  planDigest: string
  decision: Decision
  approver: string
  reason: string
  issuedAt: string
  expiresAt: string
  nonce: string
  /** Where the gate asks for a review: the id under which the signed statement itself is recorded as the review. */
  reviewDecisionId?: string
}

/** A statement with how it is vouched for: OpenSSH's armored signature, or nothing but a label in a dry run. */
export type Approval = {
  /** `ap-` and the first 32 hex digits of the SHA-256 of the statement's bytes: importing twice gives one approval. */
  approvalId: string
  statement: Statement
  /** The exact bytes that were signed, as UTF-8 text. */
  statementText: string
  importedAt: string
  usedSeq: number | null
  usedAt: string | null
} & ({ kind: 'signed'; signature: string } | { kind: 'rehearsal'; signature: null })

/** How the commands `approval sign | import | rehearse | list` answer. */
export function approvalSummary(approval: Approval): { [key: string]: Json } {
  const { statement } = approval
  return {
    approvalId: approval.approvalId,
    runId: statement.runId,
    machine: statement.machine,
    gate: statement.gate,
    seq: statement.seq,
    planDigest: statement.planDigest,
    decision: statement.decision,
    kind: approval.kind,
    approver: statement.approver,
    expiresAt: statement.expiresAt,
  }
}
