import type { ApprovalAnswer, KeptApproval } from '../../service/approvals/approval-answer.ts'
import { printAnswer } from '../answers.ts'
import type { Io } from '../io.ts'

/** Prints an approval that was kept. Returns the exit code. */
export function printApproval(io: Io, approval: ApprovalAnswer): number {
  printAnswer(io, approval, () => [...linesOfApproval(approval), `next      ${nextOf(approval)}`])
  return 0
}

/** A statement that abandons a run counts at no gate, so `run resume` would refuse it. */
const nextOf = ({ approvalId, decision, runId }: ApprovalAnswer) =>
  decision === 'abandon'
    ? `cutter run abandon ${runId} --approval ${approvalId}`
    : `cutter run resume --approval ${approvalId}`

/** The same, with the gate's warning on stderr. */
export function printKeptApproval(io: Io, { approval, warning }: KeptApproval): number {
  if (warning !== null) {
    const needsOthers = warning.reason === 'NOT_ENOUGH_APPROVERS'
    const words = needsOthers ? 'kept; it needs further approvals' : 'kept, but it would not count now'
    io.err(`cutter: ${words}: ${warning.message}`)
  }
  return printApproval(io, approval)
}

/**
 * The lines that describe an approval to people: id and kind, decision, plan digest, approver with the time until which it is valid (ISO
 * 8601).
 */
export function linesOfApproval(approval: ApprovalAnswer): string[] {
  const { approvalId, kind, decision, gate, runId, planDigest, approver } = approval
  return [
    `approval  ${approvalId}   ${kind}`,
    `decides   ${decision} at ${gate} of ${runId}`,
    `plan      ${planDigest}`,
    `by        ${approver}, ${describeEnd(approval)}`,
  ]
}

function describeEnd({
  expiresAt,
  countsUntil = expiresAt,
  endsBySigners,
  countsFrom,
}: ApprovalAnswer): string {
  const from = countsFrom === undefined ? '' : `not before ${countsFrom} (valid-after of allowed_signers), `
  if (countsUntil === expiresAt) return `${from}until ${expiresAt}`
  const by = endsBySigners === true ? 'valid-before of allowed_signers' : 'the policy of the gate'
  return `${from}until ${countsUntil} by ${by} (signed until ${expiresAt})`
}
