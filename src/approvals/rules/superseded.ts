import type { Approval } from '../../domain/approval.ts'
import { nameInLine } from '../../domain/visible.ts'
import type { ApprovalCase, SignerVerdict, Vouched } from '../approval-case.ts'
import { maybeSamePerson } from '../count-people.ts'
import { nextApprovalCommand, type Refusal, refusalOf } from '../refusal.ts'
import { findSamePeople } from '../same-person.ts'
import { readSignersText } from '../trust-files.ts'
import { findBindingRefusal } from './binding.ts'
import { judgeSigner } from './signer.ts'
import { findTooEarlyRefusal } from './validity.ts'

/**
 * Finds a later decision of the same person, by name or by key, on the same plan at the same arrival. Of two different decisions the one
 * issued later counts; of two issued at the same moment, the one that does not approve. A later `approve` replaces a rejection only if it is
 * valid itself. A later `reject` or `void` needs only a signature that counts, and withholds the approval after its own expiry, too.
 * Rehearsals supersede nothing.
 */
export async function findLaterDecision(
  subject: ApprovalCase,
  vouched: Vouched,
  judgeAlone: (subject: ApprovalCase) => Promise<SignerVerdict>,
): Promise<Approval | null> {
  const { run, approval, others = [] } = subject
  const signers = others.length === 0 ? '' : await readSignersText(subject.trust)
  for (const other of others) {
    if (other.kind !== 'signed' || !isLater(other, approval)) continue
    if (findBindingRefusal({ run, approval: other }) !== null) continue
    const asked = { ...subject, approval: other }
    const verdict =
      other.statement.decision === 'approve' ? await judgeAlone(asked) : await judgeWithholding(asked)
    if (verdict.refusal !== null || verdict.vouched === null) continue
    const isSamePerson = findSamePeople(signers, [verdict.vouched, vouched])
    if (maybeSamePerson(verdict.vouched, vouched, isSamePerson)) return other
  }
  return null
}

/** SUPERSEDED by the later decision of the same person. */
export function supersededRefusal({ run, approval }: ApprovalCase, later: Approval): Refusal {
  const { decision, approver, issuedAt } = later.statement
  const resume = `cutter run resume ${run.runId} --approval ${later.approvalId}`
  return refusalOf('SUPERSEDED', approval, {
    detail:
      `it says ${approval.statement.decision}, but the same person, as ${nameInLine(approver)}, decided ${decision} at ${issuedAt} ` +
      `(${later.approvalId}), and of two decisions the later counts`,
    next:
      decision === 'approve'
        ? resume
        : `${resume}; or, if they changed their mind: ${nextApprovalCommand(run, approval)}`,
  })
}

function isLater({ statement }: Approval, { statement: before }: Approval): boolean {
  if (statement.decision === before.decision) return false
  if (statement.issuedAt === before.issuedAt) return before.decision === 'approve'
  return statement.issuedAt > before.issuedAt
}

async function judgeWithholding(subject: ApprovalCase): Promise<SignerVerdict> {
  const refusal = findTooEarlyRefusal(subject.approval, subject.now)
  return refusal === null ? judgeSigner(subject) : { refusal }
}
