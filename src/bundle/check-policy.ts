import { z } from 'zod'
import type { KeyPolicy } from '../approvals/approval-policy.ts'
import { countPeople } from '../approvals/count-people.ts'
import { findKeyFault } from '../approvals/rules/key-policy.ts'
import { SKEW_MINUTES } from '../approvals/rules/validity.ts'
import { findSamePeople } from '../approvals/same-person.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks, listOperators } from '../domain/history-facts.ts'
import { RUN_ABANDONED } from '../domain/run.ts'
import { nameInLine } from '../domain/visible.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { pathOfEvidence } from './bundle-paths.ts'
import type { CheckedApproval } from './checked-approval.ts'
import type { GatePassage } from './gate-passages.ts'
import { countedApprovals, type RunRecord } from './run-record.ts'

const wanted = z.enum(['required', 'preferred']).nullable().optional()

/** The rules of a gate that are checked, as the evidence `policy/<gate>` holds them. Other fields are for people. */
const policyShape = z.looseObject({
  gate: z.string(),
  of: z.array(z.string()).nullable(),
  need: z.int().positive(),
  fourEyes: z.boolean(),
  validHours: z.number().positive(),
  allowedSignersDigest: z.string().nullable(),
  // What the gate asked of keys. Earlier versions of Cutter asked nothing, and recorded none of these.
  presence: wanted,
  verification: wanted,
  origins: z.array(z.string()).nullable().optional(),
  rpIds: z.array(z.string()).nullable().optional(),
})

type RecordedPolicy = z.infer<typeof policyShape>

/** The approvals that a decision's entry counts. Entries of older runs name only the approval that was used. */
const countedShape = z.array(z.looseObject({ approvalId: z.string(), fingerprint: z.string() }))

/**
 * Checks that each live gate was passed as the policy in the decision's entry requires: by enough people, each named by the policy, with
 * the keys that the entry names, and none of them an operator where the policy requires four eyes. A run whose decisions record no
 * policy needs one approval.
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
    const found = findCountedFault(decided, counted) ?? findRuleFault(record, decided, counted)
    if (found !== null) return found
  }
  return null
}

function findCountedFault({ seq, event }: HistoryEntry, counted: CheckedApproval[]): BundleFault | null {
  const named = countedShape.safeParse(event.counted ?? [])
  if (!named.success) return unmet(`entry ${seq} does not name in a known form which approvals it counts`)
  for (const { approvalId, fingerprint } of named.data) {
    const approval = counted.find((one) => one.approvalId === approvalId)
    if (approval === undefined)
      return unmet(
        `entry ${seq} counts approval ${approvalId}, which the bundle does not hold for that decision`,
      )
    if (approval.fingerprint !== fingerprint)
      return unmet(`entry ${seq} counts approval ${approvalId} with another key than the one that signed it`)
  }
  return null
}

function findRuleFault(
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
  const bytes = record.bytes.get(row.digest)
  // An abandoned run may have lost it. The verdict says which evidence is lost.
  if (bytes === undefined) return null
  const policy = readPolicy(bytes)
  if (policy === null) return unmet(`${pathOfEvidence(row)} is not a valid policy`, pathOfEvidence(row))
  const outsider = counted.find(({ approver }) => policy.of !== null && !policy.of.includes(approver))
  if (outsider !== undefined)
    return unmet(
      `${nameInLine(outsider.approver)} approved at entry ${seq}, but the policy of that time does not name them`,
    )
  const signers = record.evidence.find((one) => one.seq === seq && one.name === `signers/${policy.gate}`)
  if ((signers?.digest ?? null) !== policy.allowedSignersDigest)
    return unmet(`the signers of entry ${seq} are not those of the policy of that time`, pathOfEvidence(row))
  const text = Buffer.from(record.bytes.get(signers?.digest ?? '') ?? '').toString()
  const same = findSamePeople(text, counted.filter(({ fingerprint }) => fingerprint !== null).map(asVouched))
  const operators = listOperators(record.history.slice(0, seq), record.genesis.osUser)
  const own = counted.find(({ approver }) => operators.some((operator) => same(operator, approver)))
  if (own !== undefined && policy.fourEyes)
    return unmet(
      `${nameInLine(own.approver)} approved at entry ${seq}, but operates the run, and the policy requires four eyes`,
    )
  const byKey = findKeyUnmet(record, seq, policy, counted)
  if (byKey !== null) return byKey
  const late = counted.find(({ issuedAt }) => isPast(issuedAt, policy.validHours, at))
  if (late !== undefined)
    return unmet(
      `approval ${late.approvalId} of ${late.issuedAt} was used for a decision at ${at}, after the ${policy.validHours} h of the policy of that time`,
    )
  if (event.type !== 'APPROVE' && event.type !== RUN_ABANDONED) return null
  const people = countPeople(counted.map(asVouched), same)
  if (people >= policy.need) return null
  return unmet(
    `entry ${seq} continued with ${people} of the ${policy.need} people whom the policy of that time requires`,
  )
}

/** The same check of presence, verification, web origin and RP id as at the gate, by the signatures in the bundle. */
function findKeyUnmet(
  { approvals }: RunRecord,
  seq: number,
  { presence, verification, origins, rpIds }: RecordedPolicy,
  counted: CheckedApproval[],
): BundleFault | null {
  if (presence === undefined) return null
  const policy: KeyPolicy = {
    presence: presence ?? undefined,
    verification: verification ?? undefined,
    origins: origins ?? undefined,
    rpIds: rpIds ?? undefined,
  }
  for (const { approvalId, approver } of counted) {
    const signature = approvals.find((one) => one.approvalId === approvalId)?.signature ?? null
    const fault = signature === null ? null : findKeyFault({ signature, keyType: 'plain' }, policy)
    if (fault !== null)
      return unmet(
        `${nameInLine(approver)} approved at entry ${seq}, but not as the policy of that time requires (${fault.reason}): ${fault.detail}`,
      )
  }
  return null
}

/** Allows the skew that the engine allows, because the engine read the clock shortly before it made the entry. */
const isPast = (issuedAt: string, hours: number, at: string) =>
  Date.parse(at) >= Date.parse(issuedAt) + hours * 3_600_000 + SKEW_MINUTES * 60_000

const asVouched = ({ approver, fingerprint }: CheckedApproval) => ({
  principal: approver,
  fingerprint: fingerprint ?? '',
  keyType: '',
})

function readPolicy(bytes: Uint8Array): RecordedPolicy | null {
  try {
    return policyShape.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch {
    return null
  }
}

const unmet = (message: string, file = 'history.jsonl') => bundleFault('POLICY_UNMET', file, message)
