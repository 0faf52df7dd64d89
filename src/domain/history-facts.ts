import { UPGRADED } from './history.ts'
import type { HistoryEntry, RunEvent } from './history-entry.ts'
import type { EntryMarks, Outcome, Run } from './run.ts'
import { nameInLine } from './visible.ts'

/**
 * Reads the marks that the engine adds to the event of an entry, such as `arrival` and `approvalUsed`. They are optional, and nothing is
 * checked here.
 */
export const entryMarks = ({ event }: HistoryEntry) => event as RunEvent & EntryMarks

type StatusFacts = Pick<Run, 'status' | 'gate' | 'gateSeq' | 'gateHead'> & { outcome: Outcome | null }

/** Where a run is after its newest entry. */
export function statusAfter(history: HistoryEntry[]): StatusFacts {
  const { status } = history.at(-1)!
  const end = history.find((entry) => entry.status === 'closed')
  const outcome = end === undefined ? null : (entryMarks(end).outcome ?? null)
  const arrived = status === 'closed' ? null : findCurrentArrival(history)
  const gate = status === 'paused' && arrived !== null ? entryMarks(arrived).arrival!.gate : null
  return { status, outcome, gate, gateSeq: arrived?.seq ?? null, gateHead: arrived?.hash ?? null }
}

/** The arrival at the gate at which a run waits, or before which it checks the world again; null when it is at no gate. */
function findCurrentArrival(history: HistoryEntry[]): HistoryEntry | null {
  const arrived = history.findLast((entry) => entryMarks(entry).arrival !== undefined)
  if (arrived === undefined) return null
  const isPassed = history.slice(arrived.seq).some((entry) => entryMarks(entry).approvalUsed !== undefined)
  return isPassed ? null : arrived
}

/** `seq` of the entry that used an approval, or null. */
export function findUsedSeq(history: HistoryEntry[], approvalId: string): number | null {
  return history.find((entry) => entryMarks(entry).approvalUsed === approvalId)?.seq ?? null
}

/** The author of steps that no person made. */
export const ENGINE = 'engine'

/** The operator of what the service does by itself, such as continuing a run after a restart. */
export const SERVICE_OPERATOR = 'cutter-service'

/** How the call of whoever made a step came in, where that says who it was: as the tool of an agent, or in the session of a browser. */
export type Through = 'mcp' | 'page'

/**
 * Who made a step, as far as its entry shows. `unknown` is a person or a program: both give commands and call the API, and entries of earlier
 * versions do not say. It is what a call looked like, and proves nothing of who sent it.
 */
export type Author = 'engine' | 'service' | 'agent' | 'person' | 'unknown'

type Authored = { by: string; event: { through?: unknown; [field: string]: unknown } }

/** Finds out who made a step. The names of Cutter itself are reserved, so no label can be one of them. */
export function authorOf({ by, event }: Authored): Author {
  if (by === ENGINE) return 'engine'
  if (by === SERVICE_OPERATOR) return 'service'
  if (event.through === 'mcp') return 'agent'
  return event.through === 'page' ? 'person' : 'unknown'
}

/** Names who made a step; empty for the engine. */
export function describeAuthor(entry: Authored): string {
  const author = authorOf(entry)
  if (author === 'engine') return ''
  if (author === 'service') return 'the service'
  const name = nameInLine(entry.by)
  return author === 'unknown' ? name : `${author} ${name}`
}

/** Everyone who started or moved a run, by label and by OS user. A refused attempt makes nobody an operator. */
export function listOperators(history: HistoryEntry[], osUser: string): string[] {
  const moved = history.filter(({ event }) => !event.type.startsWith('cutter.approval'))
  const names = moved.flatMap(({ by, event }) => [
    ...(by === ENGINE ? [] : [by]),
    ...(typeof event.osUser === 'string' ? [event.osUser] : []),
  ])
  return [...new Set([...names, osUser])]
}

export interface NamedEvidence {
  seq: number
  name: string
  digest: string
}

/**
 * All evidence that entries name, in the order of seq, then of the names' code units. The entry of an upgrade names its snapshots by
 * digest anyway, so they are evidence too.
 */
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

/** The first difference between the stored evidence and the evidence that entries name, as a sentence, or null. */
export function findEvidenceNameFault(history: HistoryEntry[], rows: NamedEvidence[]): string | null {
  const named = listNamedEvidence(history)
  const there = new Set(rows.map(keyOf))
  const gone = named.find((one) => !there.has(keyOf(one)))
  if (gone !== undefined) return `the evidence ${gone.name} of entry ${gone.seq} is missing or was replaced`
  const due = new Set(named.map(keyOf))
  const odd = rows.find((row) => !due.has(keyOf(row)))
  return odd === undefined
    ? findPolicyNameFault(history)
    : `the evidence ${odd.name} belongs to entry ${odd.seq}, which does not name it`
}

/** The policy of a decision or an arrival must be evidence of its entry. */
export function findPolicyNameFault(history: HistoryEntry[]): string | null {
  const odd = history.find(({ event }) => {
    const names = Object.entries((event.evidence ?? {}) as { [name: string]: string })
    const isThere = names.some(
      ([name, digest]) => name.startsWith('policy/') && digest === event.policyDigest,
    )
    return event.policyDigest !== undefined && !isThere
  })
  return odd === undefined ? null : `the policy of entry ${odd.seq} is missing or was replaced`
}

const keyOf = ({ seq, name, digest }: NamedEvidence) => `${seq} ${digest} ${name}`
