export type Decision = 'approve' | 'reject' | 'void'

/**
 * What an approver signs: one decision on one plan at one arrival at one gate of one run. The signed bytes are the RFC 8785 form of
 * this object, without a final newline.
 */
export interface Statement {
  type: 'cutter.approval/v1'
  runId: string
  machine: string
  version: string
  gate: string
  /** `seq` and hash of the history entry that arrived at the gate. Later entries that do not move the run do not change them. */
  seq: number
  historyHead: string
  planDigest: string
  decision: Decision
  approver: string
  reason: string
  issuedAt: string
  expiresAt: string
  nonce: string
  /** For gates that ask for a review: the id under which the signed statement is recorded as that review. */
  reviewDecisionId?: string
}

/** A statement with its signature as stored: OpenSSH's armored form, or null for a rehearsal of a dry run. */
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
