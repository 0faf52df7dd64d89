import type { Approval } from '../domain/approval.ts'
import type { Run } from '../domain/run.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import type { Trust } from './trust-files.ts'

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
  | 'FILES_UNSAFE'
  | 'SIGNATURE_INVALID'
  | 'SIGNER_NOT_ALLOWED'
  | 'WILDCARD_PRINCIPAL'
  | 'KEY_REVOKED'
  | 'SIGNER_NOT_VALID_THEN'
  | 'NOT_YET_VALID'
  | 'EXPIRED'
  | 'OPERATORS_OWN'
  | 'SUPERSEDED'
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
  /** Whether an operator's own approval is refused in a live run; true when left out. */
  fourEyes?: boolean
}

/** Who vouches for an approval, and with which key. */
export interface Vouched {
  principal: string
  fingerprint: string
  keyType: string
}

/** One of the approvals under which a run goes on, with who vouches for it. */
export interface Counted extends Vouched {
  approvalId: string
}

export interface ApprovalCase {
  run: Run
  approval: Approval
  /** Everyone who started or resumed the run, besides `run.startedBy`. */
  operators: string[]
  now: Date
  trust: Trust
  policy: ApprovalPolicy
  /** All approvals of this run: for a policy that needs more than one, and for people who changed their mind. */
  others?: Approval[]
}

export type SignerVerdict = { refusal: Refusal } | { refusal: null; vouched: Vouched | null }
/** `counted` names an approval for each person behind the decision; nobody stands behind a rehearsal. */
export type Verdict = { refusal: Refusal } | { refusal: null; vouched: Vouched | null; counted: Counted[] }

/** The command that makes an approval like this one, on what the run shows now. */
export function nextApprovalCommand(
  run: Pick<Run, 'runId'>,
  { kind, statement }: Pick<Approval, 'kind' | 'statement'>,
): string {
  const decision = statement.decision === 'approve' ? '' : ` --decision ${statement.decision}`
  return kind === 'rehearsal'
    ? `cutter approval rehearse ${run.runId}${decision}`
    : `cutter approval sign ${run.runId} --as ${shellQuote(statement.approver)} --key <file>${decision}`
}
