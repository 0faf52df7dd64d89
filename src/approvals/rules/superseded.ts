import type { Approval } from '../../domain/approval.ts'
import { maybeSamePerson } from '../count-people.ts'
import {
  type ApprovalCase,
  nextApprovalCommand,
  type Refusal,
  type SignerVerdict,
  type Vouched,
} from '../refusal.ts'
import { findSamePeople } from '../same-person.ts'
import { readSignersText } from '../trust-files.ts'
import { findBindingRefusal, findTooEarlyRefusal } from './binding.ts'
import { judgeSigner } from './signer.ts'

/**
 * People change their minds. Of two different decisions of one person (by name or by key) on one plan at one arrival, the one
 * issued later counts; issued at the same moment, the one that does not approve. A later `approve` must be good in itself to
 * take the place of a rejection; a later `reject` or `void` need only be signed by someone whose signature counts: it goes on
 * withholding the approval after its own time has run out. Rehearsals vouch for nobody and supersede nothing.
 */
export async function findLaterDecision(
  input: ApprovalCase,
  vouched: Vouched,
  refusalAlone: (input: ApprovalCase) => Promise<SignerVerdict>,
): Promise<Approval | null> {
  const { run, approval, others = [] } = input
  const same = findSamePeople(others.length === 0 ? '' : await readSignersText(input.trust))
  for (const other of others) {
    if (other.kind !== 'signed' || !comesAfter(other, approval)) continue
    if (findBindingRefusal({ run, approval: other }) !== null) continue
    const asked = { ...input, approval: other }
    const answer = other.statement.decision === 'approve' ? await refusalAlone(asked) : await withheld(asked)
    if (answer.refusal === null && answer.vouched !== null && maybeSamePerson(answer.vouched, vouched, same))
      return other
  }
  return null
}

export function supersededRefusal({ run, approval }: ApprovalCase, later: Approval): Refusal {
  const { decision, approver, issuedAt } = later.statement
  return {
    reason: 'SUPERSEDED',
    message:
      `approval ${approval.approvalId} (${approval.statement.decision}) does not count: the same person, as ` +
      `${approver}, decided ${decision} at ${issuedAt} (${later.approvalId}), and of two decisions the later counts`,
    next:
      decision === 'approve'
        ? `cutter run resume ${run.runId} --approval ${later.approvalId}`
        : `cutter run resume ${run.runId} --approval ${later.approvalId}; or, if they changed their mind: ${nextApprovalCommand(run, approval)}`,
  }
}

function comesAfter({ statement }: Approval, { statement: before }: Approval): boolean {
  if (statement.decision === before.decision) return false
  if (statement.issuedAt === before.issuedAt) return before.decision === 'approve'
  return statement.issuedAt > before.issuedAt
}

async function withheld(input: ApprovalCase): Promise<SignerVerdict> {
  const refused = findTooEarlyRefusal(input.approval, input.now)
  return refused === null ? judgeSigner(input) : { refusal: refused }
}
