import type { Decision } from '../domain/approval.ts'
import { findAbandonment } from '../domain/begun-writes.ts'
import { describeClockFaults, listClockFaults } from '../domain/clock-faults.ts'
import { entryMarks } from '../domain/history-facts.ts'
import { describeLost, type LostEvidence } from '../domain/lost-evidence.ts'
import { RUN_ABANDONED } from '../domain/run.ts'
import type { CheckedCloseoutSignature } from './check-closeout.ts'
import { gatesApproved } from './check-gates.ts'
import type { EarlierKey } from './check-rotations.ts'
import type { CheckedApproval } from './checked-approval.ts'
import { uncheckedPartNotes } from './optional-parts.ts'
import type { RunFacts } from './run-facts.ts'
import { gatePassages, type RunRecord } from './run-record.ts'

/**
 * Entries that a signature covers. Each entry's hash covers the entry before, so a signature that names the head of entry k covers the
 * entries 1 to k. The ranges of several signatures overlap. `nobody` stands for entries that no signature covers.
 */
export interface SignedRange {
  from: number
  to: number
  by: string | null
  kind: 'approval' | 'closeout' | 'countersign' | 'nobody'
  /** The gate and the decision of an approval. */
  gate?: string
  decision?: Decision
  /** The web origin of the page on which an approval was signed, if any. */
  origin?: string
  trusted: boolean
  fingerprint: string | null
  /** Whether the checker's file of revoked keys lists the key. Approvals by such a key do not hold. */
  revoked?: boolean
  /** The earlier key of the instance by which its closeout is trusted, or whose revocation ended the search for one. */
  earlierKey?: EarlierKey
}

/**
 * Derives which entries of a run are covered by signatures, sorted by the last entry of each range. `entries` is the number of entries.
 * Entries after the last covered one form a range of `nobody`. Rehearsals and approvals that did not count cover nothing.
 */
export function signedRanges(
  entries: number,
  approvals: CheckedApproval[],
  ends: CheckedCloseoutSignature[],
): SignedRange[] {
  const signed: SignedRange[] = [
    ...approvals
      .filter(({ counted, fingerprint }) => counted && fingerprint !== null)
      .map(({ seq, approver, gate, decision, trusted, fingerprint, origin }) => ({
        from: 1,
        to: seq,
        by: approver,
        kind: 'approval' as const,
        gate,
        decision,
        trusted,
        fingerprint,
        ...(origin === null ? {} : { origin }),
      })),
    ...ends.map(({ kind, signer, trusted, fingerprint, revoked, earlierKey }) => ({
      from: 1,
      to: entries,
      by: signer,
      kind,
      trusted,
      fingerprint,
      ...(revoked ? { revoked } : {}),
      ...(earlierKey === undefined ? {} : { earlierKey }),
    })),
  ].sort((a, b) => a.to - b.to)
  const covered = Math.max(0, ...signed.map(({ to }) => to))
  if (covered === entries) return signed
  const nobody = { by: null, kind: 'nobody' as const, trusted: false, fingerprint: null }
  return [...signed, { from: covered + 1, to: entries, ...nobody }]
}

/** The last entry that a trusted signature covers; 0 when there is none. */
export const trustedUpTo = (ranges: SignedRange[]) =>
  Math.max(0, ...ranges.filter((range) => range.trusted).map(({ to }) => to))

/** What of a check decides about notes. */
interface NotedCheck {
  /** Whether a file of signers was given. */
  withSigners: boolean
  areGatesKnown: boolean
  /** The paths of the optional parts that were checked. */
  checkedParts: string[]
}

/** Sentences that a reader must know although the bundle holds. */
export function verdictNotes(
  record: RunRecord,
  approvals: CheckedApproval[],
  ranges: SignedRange[],
  { withSigners, areGatesKnown, checkedParts }: NotedCheck,
): string[] {
  const { run, history, closeout } = record
  const entries = history.length
  const notes: string[] = []
  if (run.status !== 'closed') {
    notes.push(
      `the run was open at entry ${entries} (${run.status} in ${run.state}): this is not its end, and nothing shows whether more entries followed`,
    )
  } else if (closeout === null) {
    notes.push('the run is closed, but its closeout is not signed')
  }
  const abandoned = findAbandonment(history)
  if (abandoned !== null) notes.push(abandonedNote(record), ...lostNotes(abandoned.lostEvidence))
  if (run.outcome === 'succeeded' && !areGatesKnown) notes.push(unknownGatesNote(run, approvals))
  notes.push(
    ...changedPolicyNotes(record),
    ...uncheckedNotes(record, checkedParts),
    ...describeClockFaults(listClockFaults(history)),
  )
  if (approvals.some(({ kind, counted }) => kind === 'rehearsal' && counted))
    notes.push('it was a dry run: its gates were passed under rehearsal approvals, which are not signed')
  if (!withSigners) {
    notes.push(
      'no file of signers was given: the signatures are valid, but nothing shows whose they are; use --signers <allowed_signers>',
    )
    return notes
  }
  const trusted = trustedUpTo(ranges)
  if (trusted < entries) notes.push(`nobody whom you trust vouches for entries ${trusted + 1}–${entries}`)
  return notes
}

function abandonedNote({ unsettledWrites }: RunRecord): string {
  const count = unsettledWrites.length
  if (count === 0) return 'the run was abandoned; its record knows of no unsettled write'
  return `the run was abandoned with ${count} unsettled ${count === 1 ? 'write' : 'writes'}: nobody knows whether ${count === 1 ? 'it was' : 'they were'} committed`
}

const lostNotes = (lost: LostEvidence[]) =>
  lost.map((one) => `the store had lost this evidence when the run was abandoned: ${describeLost(one)}`)

function unknownGatesNote({ machine, version, definitionDigest }: RunFacts, approvals: CheckedApproval[]) {
  const passed = gatesApproved(approvals)
  const gates =
    passed.length === 0 ? 'it passed no gate: nobody approved anything' : `it passed ${passed.join(', ')}`
  return `gates unknown: its record says that it succeeded, but this version of Cutter does not know which gates the definition ${definitionDigest} of ${machine} ${version} requires; ${gates}`
}

/** What the bundle holds and this version of Cutter does not check. */
function uncheckedNotes(
  { unsettledWrites, optionalParts, history }: RunRecord,
  checkedParts: string[],
): string[] {
  const count = findAbandonment(history) === null ? unsettledWrites.length : 0
  const unsettled = `the bundle lists ${count} unsettled ${count === 1 ? 'write' : 'writes'}; this version of Cutter does not check that list`
  return [...(count === 0 ? [] : [unsettled]), ...uncheckedPartNotes(optionalParts, checkedParts)]
}

/** The policy at the decision counts. A checker should see that it was another one when the run arrived. */
function changedPolicyNotes(record: RunRecord): string[] {
  return gatePassages(record).flatMap(({ decidedSeq }) => {
    const decided = record.history[decidedSeq - 1]!
    // An abandonment is decided at no gate of the chart.
    if (decided.event.type === RUN_ABANDONED) return []
    const arrived = record.history.slice(0, decidedSeq - 1).findLast((entry) => entryMarks(entry).arrival)
    if (arrived === undefined || arrived.event.policyDigest === decided.event.policyDigest) return []
    const { gate } = entryMarks(arrived).arrival!
    return [
      `policy or signers of ${gate} changed between the arrival of the run (entry ${arrived.seq}) and the decision (entry ${decidedSeq}): compare them in trust/`,
    ]
  })
}
