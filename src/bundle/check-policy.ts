import { z } from 'zod'
import { countPeople } from '../approvals/count-people.ts'
import { SKEW_MINUTES } from '../approvals/rules/validity.ts'
import { findSamePeople } from '../approvals/same-person.ts'
import { entryMarks, listOperators } from '../domain/history-facts.ts'
import type { HistoryEntry } from '../domain/run.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { pathOfEvidence } from './bundle-paths.ts'
import type { CheckedApproval } from './check-approvals.ts'
import type { GatePassage } from './gate-passages.ts'
import { countedApprovals, type RunRecord } from './run-record.ts'

/** What the evidence `policy/<gate>` holds of a gate's rules; the rest of it is for people to read. */
const policyShape = z.looseObject({
  gate: z.string(),
  of: z.array(z.string()).nullable(),
  need: z.int().positive(),
  fourEyes: z.boolean(),
  validHours: z.number().positive(),
  allowedSignersDigest: z.string().nullable(),
})

/** Who is said, in a decision's entry, to stand behind it. Entries of older runs name the brought approval alone. */
const countedShape = z.array(z.looseObject({ approvalId: z.string(), fingerprint: z.string() }))

/**
 * A live gate is passed as the policy that was recorded with the decision asks: by enough people, each named by it, none of them
 * an operator where it wants four eyes, with the keys that the entry names. A run whose decisions record no policy is held to
 * one approval.
 */
export function findPolicyFault(
  record: RunRecord,
  passages: GatePassage[],
  checked: CheckedApproval[],
): BundleFault | null {
  if (record.genesis.mode !== 'live') return null
  for (const passage of passages) {
    const decided = record.history[passage.decidedSeq - 1]!
    const ids = countedApprovals(record, passage).map(({ approvalId }) => approvalId)
    const counted = checked.filter(({ approvalId }) => ids.includes(approvalId))
    const found = faultInCounted(decided, counted) ?? faultInRules(record, decided, counted)
    if (found !== null) return found
  }
  return null
}

function faultInCounted({ seq, event }: HistoryEntry, counted: CheckedApproval[]): BundleFault | null {
  const said = countedShape.safeParse(event.counted ?? [])
  if (!said.success) return unmet(`entry ${seq} does not say in a known form whose approvals it counts`)
  for (const { approvalId, fingerprint } of said.data) {
    const approval = counted.find((one) => one.approvalId === approvalId)
    if (approval === undefined)
      return unmet(`entry ${seq} counts approval ${approvalId}, which is not here for that decision`)
    if (approval.fingerprint !== fingerprint)
      return unmet(`entry ${seq} counts approval ${approvalId} by another key than signed it`)
  }
  return null
}

function faultInRules(
  record: RunRecord,
  { seq, at, event }: HistoryEntry,
  counted: CheckedApproval[],
): BundleFault | null {
  if (event.policyDigest === undefined) {
    const arrived = record.history.slice(0, seq - 1).findLast((entry) => entryMarks(entry).arrival)
    return arrived?.event.policyDigest === undefined
      ? null
      : unmet(`entry ${seq} records no policy, though entry ${arrived.seq} arrived there under one`)
  }
  const row = record.evidence.find((one) => one.digest === event.policyDigest && one.seq === seq)!
  const policy = readPolicy(record.bytes.get(row.digest)!)
  if (policy === null) return unmet(`${pathOfEvidence(row)} is no policy`, pathOfEvidence(row))
  const outsider = counted.find(({ approver }) => policy.of !== null && !policy.of.includes(approver))
  if (outsider !== undefined)
    return unmet(`${outsider.approver} approved at entry ${seq}, whom the policy of that time does not name`)
  const signers = record.evidence.find((one) => one.seq === seq && one.name === `signers/${policy.gate}`)
  if ((signers?.digest ?? null) !== policy.allowedSignersDigest)
    return unmet(`the signers of entry ${seq} are not those of the policy of that time`, pathOfEvidence(row))
  const text = signers === undefined ? '' : Buffer.from(record.bytes.get(signers.digest)!).toString()
  const same = findSamePeople(text)
  const operators = listOperators(record.history.slice(0, seq), record.genesis.osUser)
  const own = counted.find(({ approver }) => operators.some((operator) => same(operator, approver)))
  if (own !== undefined && policy.fourEyes)
    return unmet(`${own.approver} approved at entry ${seq} what they operate, under a policy of four eyes`)
  const late = counted.find(({ issuedAt }) => isPast(issuedAt, policy.validHours, at))
  if (late !== undefined)
    return unmet(
      `approval ${late.approvalId} of ${late.issuedAt} was brought at ${at}, after the ${policy.validHours} h of the policy of that time`,
    )
  if (event.type !== 'APPROVE') return null
  const people = countPeople(counted.map(asVouched), same)
  if (people >= policy.need) return null
  return unmet(
    `entry ${seq} went on with ${people} of the ${policy.need} people whom the policy of that time asks for`,
  )
}

/** With the skew that the engine grants: it looked at the clock a moment before the entry was made. */
const isPast = (issuedAt: string, hours: number, at: string) =>
  Date.parse(at) >= Date.parse(issuedAt) + hours * 3_600_000 + SKEW_MINUTES * 60_000

const asVouched = ({ approver, fingerprint }: CheckedApproval) => ({
  ...{ principal: approver, fingerprint: fingerprint ?? '', keyType: '' },
})

function readPolicy(bytes: Uint8Array): z.infer<typeof policyShape> | null {
  try {
    return policyShape.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch {
    return null
  }
}

const unmet = (message: string, file = 'history.jsonl') => bundleFault('POLICY_UNMET', file, message)
