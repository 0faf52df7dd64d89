import type { ApprovalCase, Counted, SignerVerdict, Verdict, Vouched } from './approval-case.ts'
import { countPeople } from './count-people.ts'
import type { Refusal } from './refusal.ts'
import { findBindingRefusal } from './rules/binding.ts'
import { findFourEyesRefusal } from './rules/four-eyes.ts'
import { findQuorumRefusal, needsQuorum } from './rules/quorum.ts'
import { findReviewRefusal } from './rules/review.ts'
import { judgeSigner } from './rules/signer.ts'
import { findLaterDecision, supersededRefusal } from './rules/superseded.ts'
import { findUnsafeFilesRefusal } from './rules/unsafe-files.ts'
import { findValidityRefusal } from './rules/validity.ts'
import { findSamePeople } from './same-person.ts'
import { readSignersText } from './trust-files.ts'

/**
 * Judges whether an approval lets a run continue: the first refusal, or the people behind the approval. The order of the checks is part
 * of the outside contract, and it is the order of REFUSALS. What an approval is for is checked before its signature, because nothing
 * unverified may cause work. The engine checks the world afterwards, and once more inside the transaction that writes.
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function judgeApproval(subject: ApprovalCase): Promise<Verdict> {
  const early =
    findBindingRefusal(subject) ?? (await findReviewRefusal(subject)) ?? findUnsafeFilesRefusal(subject)
  if (early !== null) return { refusal: early }

  const alone = await judgeAlone(subject)
  if (alone.refusal !== null) return alone
  if (alone.vouched === null) return { ...alone, counted: [] }
  const later = await findLaterDecision(subject, alone.vouched, judgeAlone)
  if (later !== null) return { refusal: supersededRefusal(subject, later) }

  const counted = await countWithOthers(subject, alone.vouched)
  const tooFew = await findQuorumRefusal(subject, counted)
  return tooFew === null ? { ...alone, counted } : { refusal: tooFew }
}

/** Judges one approval without regard to the other approvals of the run. */
async function judgeAlone(subject: ApprovalCase): Promise<SignerVerdict> {
  const binding = findBindingRefusal(subject)
  if (binding !== null) return { refusal: binding }
  const signer = await judgeSigner(subject)
  if (signer.refusal !== null) return signer
  const refusal: Refusal | null =
    findValidityRefusal(subject.approval, subject.now, subject.policy) ??
    (await findFourEyesRefusal(subject, signer.vouched))
  return refusal === null ? signer : { refusal }
}

/** Counts the given approval and, where the policy needs more than one, one approval of each other person with the same decision. */
async function countWithOthers(subject: ApprovalCase, vouched: Vouched): Promise<Counted[]> {
  const { run, approval, policy, others = [] } = subject
  const counted: Counted[] = [{ approvalId: approval.approvalId, ...vouched }]
  const { decision } = approval.statement
  if (run.mode !== 'live' || !needsQuorum(decision) || (policy.need ?? 1) <= 1) return counted

  const signers = await readSignersText(subject.trust)
  for (const other of others) {
    if (other.approvalId === approval.approvalId || other.statement.decision !== decision) continue
    const asked = { ...subject, approval: other }
    const verdict = await judgeAlone(asked)
    if (verdict.refusal !== null || verdict.vouched === null) continue
    if ((await findLaterDecision(asked, verdict.vouched, judgeAlone)) !== null) continue
    const more = [...counted, { approvalId: other.approvalId, ...verdict.vouched }]
    const isSamePerson = findSamePeople(signers, more)
    if (countPeople(more, isSamePerson) > countPeople(counted, isSamePerson)) counted.push(more.at(-1)!)
  }
  return counted
}
