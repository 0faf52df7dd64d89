import { peopleIn } from './identities.ts'
import { countPeople } from './people.ts'
import type { Counted, RefusalAnswer, RefusalInput, SignerAnswer, Vouched } from './refusal-words.ts'
import { refuseByFacts, refuseByPeople, refuseByTimes } from './refuse-by-facts.ts'
import { refuseByNumber } from './refuse-by-number.ts'
import { refuseByKeyOfOperator, signerOf } from './refuse-by-signer.ts'
import { laterDecision, superseded } from './superseded.ts'
import { signersText } from './trust.ts'

export type {
  ApprovalPolicy,
  Counted,
  Refusal,
  RefusalInput,
  RefusalReason,
  Vouched,
} from './refusal-words.ts'
export { refuseByFacts, refuseByPeople, refuseByTimes } from './refuse-by-facts.ts'

/**
 * Whether an approval lets a run go on: the first reason why it can't, or null with the one who vouches for it (nobody
 * for a rehearsal). The order is part of the outside contract: what an approval is for comes before who signed it, and
 * only what is vouched for may cause work. Before all of this the engine looks whether the approval is known and the
 * run held; after it, at the world.
 */
export async function refusal(input: RefusalInput): Promise<RefusalAnswer> {
  const alone = await refusalAlone(input)
  if (alone.refusal !== null) return alone
  if (alone.vouched === null) return { ...alone, counted: [] }
  const later = await laterDecision(input, alone.vouched, refusalAlone)
  if (later !== null) return { refusal: superseded(input, later) }

  const counted = await countedWith(input, alone.vouched)
  const refused = await refuseByNumber(input, counted)
  return refused === null ? { ...alone, counted } : { refusal: refused }
}

async function refusalAlone(input: RefusalInput): Promise<SignerAnswer> {
  const { approval, now, policy } = input
  const byFacts = refuseByFacts(input)
  if (byFacts !== null) return { refusal: byFacts }

  const signer = await signerOf(input)
  if (signer.refusal !== null) return signer

  const refused =
    refuseByTimes(approval, now, policy) ?? refuseByPeople(input) ?? (await refuseByKeyOfOperator(input))
  return refused === null ? signer : { refusal: refused }
}

/** The approval that was brought and, where more than one is needed, one of each other person whose decision is the same. */
async function countedWith(input: RefusalInput, vouched: Vouched): Promise<Counted[]> {
  const { run, approval, policy, others = [] } = input
  const counted: Counted[] = [{ approvalId: approval.approvalId, ...vouched }]
  const { decision } = approval.statement
  if (run.mode !== 'live' || decision !== 'approve' || (policy.need ?? 1) <= 1) return counted

  const same = peopleIn(await signersText(input.trust))
  for (const other of others) {
    if (other.approvalId === approval.approvalId || other.statement.decision !== decision) continue
    const answer = await refusalAlone({ ...input, approval: other })
    if (answer.refusal !== null || answer.vouched === null) continue
    if ((await laterDecision({ ...input, approval: other }, answer.vouched, refusalAlone)) !== null) continue
    const more = [...counted, { approvalId: other.approvalId, ...answer.vouched }]
    if (countPeople(more, same) > countPeople(counted, same)) counted.push(more.at(-1)!)
  }
  return counted
}
