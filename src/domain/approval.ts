export type Decision = 'approve' | 'reject' | 'void' | 'abandon'

/**
 * The name that stands for a gate in a statement with the decision `abandon`. No chart has such a gate, because names of gates have capitals.
 * The `planDigest` of such a statement is the digest of the list of unsettled writes, and its arrival is the newest entry that moved the run.
 */
export const ABANDON_GATE = 'abandon'

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
