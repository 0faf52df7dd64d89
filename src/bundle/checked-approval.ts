import type { Decision } from '../domain/approval.ts'

/** An approval of an evidence bundle, with what the check found. */
export interface CheckedApproval {
  approvalId: string
  kind: 'signed' | 'rehearsal'
  gate: string
  decision: Decision
  approver: string
  planDigest: string
  issuedAt: string
  /** The entry that it names as the arrival. Its signature covers the entries up to there. */
  seq: number
  /** Whether it counted for a decision: it was used, or the decision's entry names it with the used one. */
  counted: boolean
  usedSeq: number | null
  usedAt: string | null
  fingerprint: string | null
  /** The web origin of the page on which it was signed; null when it was not signed in a browser. */
  origin: string | null
  /** Whether the checker's own file of signers lists its key, as of the time of its use. */
  trusted: boolean
}
