import { UPGRADED } from './history.ts'
import type { EntryMarks, HistoryEntry, Outcome, Run, RunEvent } from './run.ts'

/**
 * What a history says of a run beside its events: at which gate it waits, how it ended, which approvals it used up, which
 * evidence each entry left. A store and a bundle are held against it alike, and neither needs the chart for that.
 */

export const entryMarks = ({ event }: HistoryEntry) => event as RunEvent & EntryMarks

type Stands = Pick<Run, 'status' | 'gate' | 'gateSeq' | 'gateHead'> & { outcome: Outcome | null }

/** Where a run stands after its newest entry. */
export function statusAfter(history: HistoryEntry[]): Stands {
  const { status } = history.at(-1)!
  const end = history.find((entry) => entry.status === 'closed')
  const outcome = end === undefined ? null : (entryMarks(end).outcome ?? null)
  const arrived = status === 'closed' ? null : findCurrentArrival(history)
  const gate = status === 'paused' && arrived !== null ? entryMarks(arrived).arrival!.gate : null
  return { status, outcome, gate, gateSeq: arrived?.seq ?? null, gateHead: arrived?.hash ?? null }
}

/** The arrival at the gate at which a run waits, or for which it looks at the world once more; null when it is at none. */
export function findCurrentArrival(history: HistoryEntry[]): HistoryEntry | null {
  const arrived = history.findLast((entry) => entryMarks(entry).arrival !== undefined)
  if (arrived === undefined) return null
  const isPassed = history.slice(arrived.seq).some((entry) => entryMarks(entry).approvalUsed !== undefined)
  return isPassed ? null : arrived
}

/** `seq` of the entry that used an approval up, or null. */
export function findUsedSeq(history: HistoryEntry[], approvalId: string): number | null {
  return history.find((entry) => entryMarks(entry).approvalUsed === approvalId)?.seq ?? null
}

/** Stands in a history for steps that no person made. */
export const ENGINE = 'engine'

/** Everyone who started or moved a run, by label and by OS user; a refused attempt makes nobody an operator. */
export function listOperators(history: HistoryEntry[], osUser: string): string[] {
  const moved = history.filter(({ event }) => !event.type.startsWith('cutter.approval'))
  const names = moved.flatMap(({ by, event }) => [
    by,
    ...(typeof event.osUser === 'string' ? [event.osUser] : []),
  ])
  return [...new Set([...names.filter((name) => name !== ENGINE), osUser])]
}

export interface NamedEvidence {
  seq: number
  name: string
  digest: string
}

/** All evidence that entries name, in the order of seq, then of the names' code units. An upgrade's entry carries its snapshot's digest anyway. */
export function listNamedEvidence(history: HistoryEntry[]): NamedEvidence[] {
  return history.flatMap(({ seq, event, snapshotDigest }, index) => {
    const names = { ...(event.evidence as { [name: string]: string } | undefined) }
    if (event.type === UPGRADED && index > 0) {
      names['snapshot/before-upgrade'] = history[index - 1]!.snapshotDigest
      names['snapshot/upgraded'] = snapshotDigest
    }
    return Object.keys(names)
      .sort()
      .map((name) => ({ seq, name, digest: names[name]! }))
  })
}

/** The first difference between the evidence that is there and what entries name, as a sentence, or null. */
export function findEvidenceNameFault(history: HistoryEntry[], rows: NamedEvidence[]): string | null {
  const named = listNamedEvidence(history)
  const there = new Set(rows.map(keyOf))
  const gone = named.find((one) => !there.has(keyOf(one)))
  if (gone !== undefined)
    return `the evidence ${gone.name} of entry ${gone.seq} is gone, or another lies in its place`
  const due = new Set(named.map(keyOf))
  const odd = rows.find((row) => !due.has(keyOf(row)))
  return odd === undefined
    ? findPolicyNameFault(history)
    : `the evidence ${odd.name} is said to be of entry ${odd.seq}, which names no such evidence`
}

/** The policy by which an entry judged, or at which it arrived, is a part of its evidence. */
export function findPolicyNameFault(history: HistoryEntry[]): string | null {
  const odd = history.find(({ event }) => {
    const names = Object.entries((event.evidence ?? {}) as { [name: string]: string })
    const isThere = names.some(
      ([name, digest]) => name.startsWith('policy/') && digest === event.policyDigest,
    )
    return event.policyDigest !== undefined && !isThere
  })
  return odd === undefined ? null : `the policy of entry ${odd.seq} is gone, or another lies in its place`
}

const keyOf = ({ seq, name, digest }: NamedEvidence) => `${seq} ${digest} ${name}`
