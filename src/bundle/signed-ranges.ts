import type { Decision } from '../domain/approval.ts'
import { entryMarks } from '../domain/history-facts.ts'
import type { CheckedApproval } from './check-approvals.ts'
import type { CheckedCloseoutSignature } from './check-closeout.ts'
import { uncheckedPartNotes } from './optional-parts.ts'
import { gatePassages, type RunRecord } from './run-record.ts'

/**
 * Entries for which a signature vouches. Each entry's hash covers the one before, so a signature that names the head of entry k
 * vouches for entries 1 to k; ranges of several signatures overlap. `nobody`: entries that no signature covers.
 */
export interface SignedRange {
  from: number
  to: number
  by: string | null
  kind: 'approval' | 'closeout' | 'countersign' | 'nobody'
  /** What an approval decided. */
  decision?: Decision
  trusted: boolean
  fingerprint: string | null
}

export function signedRanges(
  entries: number,
  approvals: CheckedApproval[],
  ends: CheckedCloseoutSignature[],
): SignedRange[] {
  const signed: SignedRange[] = [
    ...approvals
      .filter(({ counted, fingerprint }) => counted && fingerprint !== null)
      .map(({ seq, approver, decision, trusted, fingerprint }) => ({
        ...{ from: 1, to: seq, by: approver, kind: 'approval' as const, decision, trusted, fingerprint },
      })),
    ...ends.map(({ kind, signer, trusted, fingerprint }) => ({
      ...{ from: 1, to: entries, by: signer, kind, trusted, fingerprint },
    })),
  ].sort((a, b) => a.to - b.to)
  const covered = Math.max(0, ...signed.map(({ to }) => to))
  if (covered === entries) return signed
  const nobody = { by: null, kind: 'nobody' as const, trusted: false, fingerprint: null }
  return [...signed, { from: covered + 1, to: entries, ...nobody }]
}

/** What a reader must know although nothing is wrong. */
export function verdictNotes(
  record: RunRecord,
  approvals: CheckedApproval[],
  ranges: SignedRange[],
  withSigners: boolean,
): string[] {
  const { genesis, run, history, closeout } = record
  const entries = history.length
  const notes: string[] = []
  if (run.status !== 'closed') {
    notes.push(
      `the run was open at entry ${entries} (${run.status} in ${run.state}): this is not its end, and nothing tells whether more followed`,
    )
  } else if (closeout === null) {
    notes.push('the run is closed, but its closeout is not signed')
  }
  if (genesis.mode === 'live' && run.outcome === 'succeeded' && !approvals.some(({ counted }) => counted))
    notes.push('it is said to have succeeded live, and passed no gate: nobody approved anything')
  notes.push(...otherRulesSince(record), ...uncheckedNotes(record))
  if (approvals.some(({ kind, counted }) => kind === 'rehearsal' && counted))
    notes.push('its gates were passed under rehearsals, which nobody signs: it was a dry run')
  if (!withSigners) {
    notes.push(
      'no file of signers was given: the signatures are good, but whose they are nobody has told; use --signers <allowed_signers>',
    )
    return notes
  }
  const trusted = Math.max(0, ...ranges.filter((range) => range.trusted).map(({ to }) => to))
  if (trusted < entries) notes.push(`nobody whom you trust vouches for entries ${trusted + 1}–${entries}`)
  return notes
}

/** What the bundle holds and this version of Cutter does not check. */
function uncheckedNotes({ unsettledWrites, optionalParts }: RunRecord): string[] {
  const count = unsettledWrites.length
  const unsettled = `the bundle lists ${count} unsettled ${count === 1 ? 'write' : 'writes'}; this version of Cutter does not check that list`
  return [...(count === 0 ? [] : [unsettled]), ...uncheckedPartNotes(optionalParts)]
}

/** A policy is judged as it is when an approval is brought; a checker should see that it was another when the run arrived. */
function otherRulesSince(record: RunRecord): string[] {
  return gatePassages(record).flatMap(({ decidedSeq }) => {
    const decided = record.history[decidedSeq - 1]!
    const arrived = record.history.slice(0, decidedSeq - 1).findLast((entry) => entryMarks(entry).arrival)
    if (arrived === undefined || arrived.event.policyDigest === decided.event.policyDigest) return []
    const { gate } = entryMarks(arrived).arrival!
    return [
      `policy or signers of ${gate} were others when it was decided (entry ${decidedSeq}) than when the run arrived there (entry ${arrived.seq}): compare them in trust/`,
    ]
  })
}
