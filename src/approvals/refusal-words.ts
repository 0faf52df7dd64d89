import type { Approval } from '../domain/approval.ts'
import type { Run } from '../domain/run.ts'
import { shellWord } from './shell-word.ts'

/** In the order in which they are looked for. */
export type RefusalReason =
  | 'APPROVAL_UNKNOWN'
  | 'RUN_HELD'
  | 'RUN_CLOSED'
  | 'NOT_AT_A_GATE'
  | 'ALREADY_USED'
  | 'OTHER_RUN'
  | 'OTHER_GATE'
  | 'OTHER_ARRIVAL'
  | 'OTHER_PLAN'
  | 'REHEARSAL_IN_LIVE'
  | 'SIGNATURE_INVALID'
  | 'SIGNER_NOT_ALLOWED'
  | 'WILDCARD_PRINCIPAL'
  | 'KEY_REVOKED'
  | 'SIGNER_NOT_VALID_THEN'
  | 'NOT_YET_VALID'
  | 'EXPIRED'
  | 'OPERATORS_OWN'
  | 'NOT_ENOUGH_APPROVERS'

export interface Refusal {
  reason: RefusalReason
  message: string
  next: string
}

export interface ApprovalPolicy {
  /** The longest that an approval counts, whatever it says itself. */
  validHours: number
  /** The only principals whose approvals count; everyone in allowed_signers when left out. */
  of?: string[]
  /** How many people must approve a live run; 1 when left out. */
  need?: number
}

/** Who vouches for an approval, and with which key. */
export interface Vouched {
  principal: string
  fingerprint: string
  keyType: string
}

export interface RefusalInput {
  run: Run
  approval: Approval
  /** Everyone who started or resumed the run, besides `run.startedBy`. */
  operators: string[]
  now: Date
  trust: { allowedSigners: string; revokedKeys?: string }
  policy: ApprovalPolicy
  /** Other approvals of this run, for a policy that needs more than one. */
  others?: Approval[]
}

export type RefusalAnswer = { refusal: Refusal } | { refusal: null; vouched: Vouched | null }

/** The command that makes an approval like this one, on what the run shows now. */
export function approveAnew(
  run: Pick<Run, 'runId'>,
  { kind, statement }: Pick<Approval, 'kind' | 'statement'>,
): string {
  const decision = statement.decision === 'approve' ? '' : ` --decision ${statement.decision}`
  return kind === 'rehearsal'
    ? `cutter approval rehearse ${run.runId}${decision}`
    : `cutter approval sign ${run.runId} --as ${shellWord(statement.approver)} --key <file>${decision}`
}
