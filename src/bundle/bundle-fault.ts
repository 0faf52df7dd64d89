/** The faults of an evidence bundle, in the order in which `verify` checks them. */
export type FaultCode =
  | 'TAR_NOT_CANONICAL'
  | 'MANIFEST_WRONG'
  | 'FORMAT_UNKNOWN'
  | 'FILE_MISSING'
  | 'FILE_UNREADABLE'
  | 'FILE_UNKNOWN'
  | 'RUN_DIFFERS'
  | 'HISTORY_BROKEN'
  | 'SNAPSHOT_DIFFERS'
  | 'PLAN_DIFFERS'
  | 'EVIDENCE_DIFFERS'
  | 'APPROVAL_EDITED'
  | 'APPROVAL_UNNAMED'
  | 'GATE_UNAPPROVED'
  | 'APPROVAL_ELSEWHERE'
  | 'REHEARSAL_IN_LIVE'
  | 'SIGNATURE_INVALID'
  | 'SIGNER_NOT_ALLOWED'
  | 'KEY_REVOKED'
  | 'APPROVAL_EXPIRED'
  | 'POLICY_UNMET'
  | 'GATE_MISSING'
  | 'CLOSEOUT_DIFFERS'
  | 'CLOSEOUT_SIGNATURE_INVALID'
  | 'ROTATION_INVALID'
  | 'COUNTERSIGNATURE_INVALID'
  | 'VERIFY_TEXT_DIFFERS'

/** The first fault of an evidence bundle. */
export interface BundleFault {
  code: FaultCode
  message: string
  /** The path of the file with the fault; null when it is not in one file. */
  file: string | null
}

/**
 * Builds a fault. `file` is a path in the bundle; null when the fault is not in one file. `message` is a clause for people: what is wrong
 * with which value.
 */
export const bundleFault = (code: FaultCode, file: string | null, message: string): BundleFault => ({
  code,
  message,
  file,
})
