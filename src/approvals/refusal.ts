import { countPeople } from './people.ts'
import type { Refusal, RefusalAnswer, RefusalInput, Vouched } from './refusal-words.ts'
import { refuseByFacts, refuseByPeople, refuseByTimes } from './refuse-by-facts.ts'
import { refuseByKeyOfOperator, signerOf } from './refuse-by-signer.ts'

export type { ApprovalPolicy, Refusal, RefusalInput, RefusalReason, Vouched } from './refusal-words.ts'
export { refuseByFacts, refuseByPeople, refuseByTimes } from './refuse-by-facts.ts'

/**
 * Whether an approval lets a run go on: the first reason why it can't, or null with the one who vouches for it (nobody
 * for a rehearsal). The order is part of the outside contract: what an approval is for comes before who signed it, and
 * only what is vouched for may cause work. Before all of this the engine looks whether the approval is known and the
 * run held; after it, at the world.
 */
export async function refusal(input: RefusalInput): Promise<RefusalAnswer> {
  const alone = await refusalAlone(input)
  if (alone.refusal !== null || alone.vouched === null) return alone
  const refused = await refuseByNumber(input, alone.vouched)
  return refused === null ? alone : { refusal: refused }
}

async function refusalAlone(input: RefusalInput): Promise<RefusalAnswer> {
  const { approval, now, policy } = input
  const byFacts = refuseByFacts(input)
  if (byFacts !== null) return { refusal: byFacts }

  const signer = await signerOf(input)
  if (signer.refusal !== null) return signer

  const refused =
    refuseByTimes(approval, now, policy) ?? refuseByPeople(input) ?? (await refuseByKeyOfOperator(input))
  return refused === null ? signer : { refusal: refused }
}

/** N of M, for going on in a live run only: one person is enough to reject or void. */
async function refuseByNumber(input: RefusalInput, vouched: Vouched): Promise<Refusal | null> {
  const { run, approval, policy, others = [] } = input
  const need = policy.need ?? 1
  if (run.mode !== 'live' || approval.statement.decision !== 'approve' || need <= 1) return null

  const signatures = [vouched]
  for (const other of others) {
    if (other.statement.decision !== 'approve') continue
    const answer = await refusalAlone({ ...input, approval: other })
    if (answer.refusal === null && answer.vouched !== null) signatures.push(answer.vouched)
  }
  const count = countPeople(signatures)
  if (count >= need) return null
  const names = [...new Set(signatures.map(({ principal }) => principal))].join(', ')
  return {
    reason: 'NOT_ENOUGH_APPROVERS',
    message:
      `approval ${approval.approvalId} is good, but ${run.machine}.${run.gate} needs ${need} people with keys ` +
      `of their own, and so far there is ${count} (${names})`,
    next: `have another sign: cutter approval sign ${run.runId} --as <principal> --key <file>`,
  }
}
