import type { Approval, Statement } from '../../domain/approval.ts'
import type { ApprovalPolicy } from '../approval-policy.ts'
import { nextApprovalCommand, type Refusal, refusalOf } from '../refusal.ts'
import { addHours } from '../statement.ts'

/** How many minutes the clock of a signer may be ahead. */
export const SKEW_MINUTES = 5

/** The time (ISO 8601) until which a statement counts: its own, or an earlier one by the policy. `by` says which. */
export function findValidityEnd(
  { issuedAt, expiresAt }: Pick<Statement, 'issuedAt' | 'expiresAt'>,
  { validHours }: Pick<ApprovalPolicy, 'validHours'>,
): { endsAt: string; by: string } {
  const longest = addHours(issuedAt, validHours)
  return expiresAt <= longest
    ? { endsAt: expiresAt, by: 'as signed' }
    : { endsAt: longest, by: `${validHours} h by policy` }
}

/** Finds why an approval does not count at a time: it is issued later, or it has expired by its statement or by the policy. */
export function findValidityRefusal(approval: Approval, now: Date, policy: ApprovalPolicy): Refusal | null {
  const early = findTooEarlyRefusal(approval, now)
  if (early !== null) return early
  const { statement } = approval
  const { endsAt, by } = findValidityEnd(statement, policy)
  if (now.getTime() < Date.parse(endsAt)) return null
  return refusalOf('EXPIRED', approval, {
    detail: `it counted until ${endsAt} (${by}), and it is ${now.toISOString()}`,
    next: nextApprovalCommand(statement, approval),
  })
}

/** Finds whether an approval is issued later than the given time, with some minutes of tolerance for the clock of its signer. */
export function findTooEarlyRefusal(approval: Approval, now: Date): Refusal | null {
  const { issuedAt } = approval.statement
  if (Date.parse(issuedAt) <= now.getTime() + SKEW_MINUTES * 60_000) return null
  return refusalOf('NOT_YET_VALID', approval, {
    detail: `it is issued at ${issuedAt}, but it is only ${now.toISOString()}`,
    next: 'wait until then, or set the clock right and sign again',
  })
}
