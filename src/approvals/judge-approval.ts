import { countPeople } from './count-people.ts'
import type { ApprovalCase, Counted, SignerVerdict, Verdict, Vouched } from './refusal.ts'
import { findBindingRefusal, findFourEyesRefusal, findValidityRefusal } from './rules/binding.ts'
import { findQuorumRefusal } from './rules/quorum.ts'
import { findOperatorKeyRefusal, judgeSigner } from './rules/signer.ts'
import { findLaterDecision, supersededRefusal } from './rules/superseded.ts'
import { findSamePeople } from './same-person.ts'
import { readSignersText } from './trust-files.ts'

export type {
  ApprovalCase,
  ApprovalPolicy,
  Counted,
  Refusal,
  RefusalReason,
  Vouched,
} from './refusal.ts'
export { findBindingRefusal, findFourEyesRefusal, findValidityRefusal } from './rules/binding.ts'

/**
 * Whether an approval lets a run go on: the first reason why it can't, or null with the one who vouches for it (nobody
 * for a rehearsal). The order is part of the outside contract: what an approval is for comes before who signed it, and
 * only what is vouched for may cause work. Before all of this the engine looks whether the approval is known and the
 * run held; after it, at the world.
 */
export async function judgeApproval(input: ApprovalCase): Promise<Verdict> {
  const alone = await refusalAlone(input)
  if (alone.refusal !== null) return alone
  if (alone.vouched === null) return { ...alone, counted: [] }
  const later = await findLaterDecision(input, alone.vouched, refusalAlone)
  if (later !== null) return { refusal: supersededRefusal(input, later) }

  const counted = await countedWith(input, alone.vouched)
  const refused = await findQuorumRefusal(input, counted)
  return refused === null ? { ...alone, counted } : { refusal: refused }
}

async function refusalAlone(input: ApprovalCase): Promise<SignerVerdict> {
  const { approval, now, policy } = input
  const byFacts = findBindingRefusal(input)
  if (byFacts !== null) return { refusal: byFacts }

  const signer = await judgeSigner(input)
  if (signer.refusal !== null) return signer

  const refused =
    findValidityRefusal(approval, now, policy) ??
    findFourEyesRefusal(input) ??
    (await findOperatorKeyRefusal(input))
  return refused === null ? signer : { refusal: refused }
}

/** The approval that was brought and, where more than one is needed, one of each other person whose decision is the same. */
async function countedWith(input: ApprovalCase, vouched: Vouched): Promise<Counted[]> {
  const { run, approval, policy, others = [] } = input
  const counted: Counted[] = [{ approvalId: approval.approvalId, ...vouched }]
  const { decision } = approval.statement
  if (run.mode !== 'live' || decision !== 'approve' || (policy.need ?? 1) <= 1) return counted

  const same = findSamePeople(await readSignersText(input.trust))
  for (const other of others) {
    if (other.approvalId === approval.approvalId || other.statement.decision !== decision) continue
    const answer = await refusalAlone({ ...input, approval: other })
    if (answer.refusal !== null || answer.vouched === null) continue
    if ((await findLaterDecision({ ...input, approval: other }, answer.vouched, refusalAlone)) !== null)
      continue
    const more = [...counted, { approvalId: other.approvalId, ...answer.vouched }]
    if (countPeople(more, same) > countPeople(counted, same)) counted.push(more.at(-1)!)
  }
  return counted
}
