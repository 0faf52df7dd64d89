import type { Approval, Decision, Statement } from '../domain/approval.ts'
import type { Run } from '../domain/run.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import type { CodeMeaning } from '../domain/stop-codes.ts'

/** A reason with its sentence, in which `{run}` and `{approval}` stand for ids. Details follow the sentence after a colon. */
interface ReasonTexts extends CodeMeaning {
  text: string
}

/**
 * Every reason for which a gate refuses an approval, in the order of the checks: what the approval is for comes before who signed it, and
 * the world comes last. docs/stop-codes-and-refusals.md is generated from this list. Each reason is produced by one file of rules/.
 */
export const REFUSALS = {
  APPROVAL_UNKNOWN: {
    text: 'there is no approval {approval} here',
    meaning: 'There is no approval with this id here.',
    next: 'List them with `cutter approval list`, or import the signed statement.',
  },
  RUN_CLOSED: {
    text: 'run {run} is closed',
    meaning: 'The run is closed.',
    next: 'Start a new run.',
  },
  NOT_AT_A_GATE: {
    text: 'run {run} does not wait at a gate',
    meaning: 'The run waits at no gate now.',
    next: 'Look at it with `cutter run show <run>`. Resume it without an approval if it stopped.',
  },
  ALREADY_USED: {
    text: 'approval {approval} was already used',
    meaning: 'The approval was used. It counts once.',
    next: 'Sign again.',
  },
  OTHER_RUN: {
    text: 'approval {approval} is for another run',
    meaning: 'The statement names another run, machine or version.',
    next: 'Sign a statement of this run.',
  },
  OTHER_GATE: {
    text: 'approval {approval} is for another gate',
    meaning: 'The statement names another gate.',
    next: 'Sign a statement of this gate.',
  },
  OTHER_ARRIVAL: {
    text: 'approval {approval} is for another arrival at the gate',
    meaning: 'The run came to the gate again after this statement was made.',
    next: 'Read the plan of today, then sign again.',
  },
  OTHER_PLAN: {
    text: 'approval {approval} is for another plan',
    meaning: 'The statement names another plan.',
    next: 'Read the plan of today, then sign again.',
  },
  REHEARSAL_IN_LIVE: {
    text: 'approval {approval} is a rehearsal, which counts in dry runs only',
    meaning: 'A rehearsal approval came to a live run.',
    next: 'Sign with `cutter approval sign`.',
  },
  REVIEW_MISSING: {
    text: 'approval {approval} names no review decision',
    meaning: 'The gate asks for a review decision, and the statement names none.',
    next: 'Compose the statement with `cutter approval statement` or `cutter approval sign`.',
  },
  REVIEW_USED: {
    text: 'approval {approval} names a review decision of another approval',
    meaning: 'The review decision belongs to another decision.',
    next: 'Compose the statement again.',
  },
  FILES_UNSAFE: {
    text: 'a file that decides about run {run} is not safe',
    meaning:
      'Others could have written a file that decides: `allowed_signers`, revoked keys, `cutter.yaml`, the store, or the module.',
    next: 'Run the `chmod` or `chown` that the message names.',
  },
  SIGNATURE_INVALID: {
    text: 'approval {approval} has no valid signature',
    meaning: 'The signature does not match the statement and its namespace.',
    next: 'Sign the exact bytes that `cutter approval statement` printed.',
  },
  SIGNER_NOT_ALLOWED: {
    text: 'approval {approval} is not by an allowed signer',
    meaning: '`allowed_signers` or the policy of the gate does not admit this approver.',
    next: 'Have a listed approver sign, or have the owner of `allowed_signers` add the key.',
  },
  KEY_REVOKED: {
    text: 'approval {approval} is signed with a revoked key',
    meaning: 'The key is in the file of revoked keys.',
    next: 'Sign with another key.',
  },
  SIGNER_NOT_VALID_THEN: {
    text: 'approval {approval} is signed with a key that is not valid at this time',
    meaning: 'The line in `allowed_signers` was not valid at this time (`valid-after`, `valid-before`).',
    next: 'Have the owner of the file extend the line, or have someone else sign.',
  },
  WILDCARD_PRINCIPAL: {
    text: 'approval {approval} is by a signer who is listed by a pattern only',
    meaning: '`allowed_signers` lists the approver by a pattern only. A live run must know who signed.',
    next: 'Have the owner of the file add a line with the exact name.',
  },
  USER_NOT_PRESENT: {
    text: 'approval {approval} does not show that somebody touched the key',
    meaning: 'The signature does not show that somebody touched the key. Policy `presence` asks for it.',
    next: 'Sign again and touch the security key.',
  },
  USER_NOT_VERIFIED: {
    text: 'approval {approval} does not show who touched the key',
    meaning: 'The security key did not ask for a PIN or fingerprint. Policy `verification` asks for it.',
    next: 'Sign with a security key that asks for a PIN or fingerprint.',
  },
  ORIGIN_NOT_ALLOWED: {
    text: 'approval {approval} was signed on a web page that is not allowed',
    meaning: 'The passkey signed on a web page whose origin is not in policy `origins`.',
    next: 'Sign on an allowed page, or with `ssh-keygen`.',
  },
  RP_ID_NOT_ALLOWED: {
    text: 'approval {approval} is signed with a passkey of another site',
    meaning: 'The passkey is registered for an RP id that is not in policy `rpIds`.',
    next: 'Sign with a passkey that is registered for an allowed RP id.',
  },
  NOT_YET_VALID: {
    text: 'approval {approval} is not valid yet',
    meaning: 'The statement is issued in the future.',
    next: 'Set the clock right, sign again.',
  },
  EXPIRED: {
    text: 'approval {approval} has expired',
    meaning: 'The approval is too old.',
    next: 'Read the plan, sign again.',
  },
  OPERATORS_OWN: {
    text: "approval {approval} is the operator's own",
    meaning: 'The approver started or moved this run, or shares a key or name with someone who did.',
    next: 'Have someone else sign.',
  },
  SUPERSEDED: {
    text: 'approval {approval} does not count',
    meaning: 'The same person decided otherwise later. The later decision counts.',
    next: 'Bring the later approval, or have the person sign again.',
  },
  NOT_ENOUGH_APPROVERS: {
    text: 'approval {approval} is valid, but more people must approve',
    meaning: 'The approval is good, but the policy asks for more people.',
    next: 'Have another approver sign. Then bring either approval.',
  },
  DRIFT: {
    text: 'the approved plan no longer fits the world',
    meaning: 'The world no longer fits the approved plan. The approval was not used.',
    next: 'Read the listed differences and the new plan. Sign again if the plan is right.',
  },
  WORLD_NOT_CHECKED: {
    text: 'the world could not be checked',
    meaning: 'The last check of the world could not be done. The approval was not used.',
    next: 'Correct the cause, then resume with the same approval.',
  },
} as const satisfies { [reason: string]: ReasonTexts }

/** The reasons are stored in histories, so they never change. */
export type RefusalReason = keyof typeof REFUSALS

/** A refused approval: why, as one text for people, and what to do next. */
export interface Refusal {
  reason: RefusalReason
  message: string
  next: string
  /** What the history records instead of the message, where the message says more than was found. */
  recorded?: string
  /** What of the world is not as planned, one line each. Only the check of the world sets it. */
  differences?: string[]
}

/** Builds a refusal from the sentence of its reason and the details that follow it. */
export function refusalOf(
  reason: RefusalReason,
  about: { runId?: string; approvalId?: string },
  { detail, next }: { detail?: string; next: string },
): Refusal {
  const { text } = REFUSALS[reason]
  const sentence = text.replace('{run}', about.runId ?? '').replace('{approval}', about.approvalId ?? '')
  return { reason, message: detail === undefined ? sentence : `${sentence}: ${detail}`, next }
}

/** Returns the command by which another person signs the same decision. */
export function signCommand({ runId, decision }: Pick<Statement, 'runId' | 'decision'>): string {
  return `cutter approval sign ${runId} --as <principal> --key <file>${decisionOption(decision)}`
}

const decisionOption = (decision: Decision) => (decision === 'approve' ? '' : ` --decision ${decision}`)

/** Returns the command that makes an approval like the given one, on the plan that the run shows now. */
export function nextApprovalCommand(
  run: Pick<Run, 'runId'>,
  { kind, statement }: Pick<Approval, 'kind' | 'statement'>,
): string {
  const decision = decisionOption(statement.decision)
  return kind === 'rehearsal'
    ? `cutter approval rehearse ${run.runId}${decision}`
    : `cutter approval sign ${run.runId} --as ${shellQuote(statement.approver)} --key <file>${decision}`
}
