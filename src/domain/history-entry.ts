import { canonicalFrom, type Json } from './json.ts'

/** An event as a machine receives it: serialisable, so that the history can be replayed. */
export type RunEvent = { type: string; [key: string]: Json }

export type Status = 'working' | 'paused' | 'stopped' | 'closed'

/** The kinds of values in an entry, each with its type. */
interface ValueOfKind {
  /** A positive integer. */
  number: number
  /** ISO 8601 in UTC with milliseconds. */
  time: string
  event: RunEvent
  text: string
  status: Status
  /** `sha256:<64 hex>`. */
  digest: string
}

/**
 * All fields of a history entry, with the column and the kind of each. This is the only list: the type, the hash, the statements
 * and rows of a store, and the schema of an evidence bundle are made from it.
 */
export const HISTORY_FIELDS = {
  /** Counts the entries of a run from 1. */
  seq: { column: 'seq', kind: 'number' },
  at: { column: 'at', kind: 'time' },
  event: { column: 'event', kind: 'event' },
  /** Who made the step: an operator, or `engine`. */
  by: { column: 'by', kind: 'text' },
  /** The milestone after the step. */
  state: { column: 'state', kind: 'text' },
  status: { column: 'status', kind: 'status' },
  /** Digest of the snapshot after the step. */
  snapshotDigest: { column: 'snapshot_digest', kind: 'digest' },
  /** The hash of the entry before; in the first entry the digest of the run's facts. */
  previousHash: { column: 'previous_hash', kind: 'digest' },
  /** Covers all other fields, so that anyone can check the printed JSON. */
  hash: { column: 'hash', kind: 'digest' },
} as const satisfies { [field: string]: { column: string; kind: keyof ValueOfKind } }

export type HistoryField = keyof typeof HISTORY_FIELDS

/** One entry of a run's history. */
export type HistoryEntry = {
  [Field in HistoryField]: ValueOfKind[(typeof HISTORY_FIELDS)[Field]['kind']]
}

/** The names of the fields, in the order of the table's columns. */
export const historyFields = Object.keys(HISTORY_FIELDS) as HistoryField[]

/** The fields that a hash covers, in the order of RFC 8785, each with the text before its value. */
const HASHED = historyFields
  .filter((field) => field !== 'hash')
  .sort()
  .map((field, index) => ({
    field,
    kind: HISTORY_FIELDS[field].kind,
    before: `${index === 0 ? '{' : ','}"${field}":`,
  }))

/**
 * The RFC 8785 form of an entry without its hash: the text that the hash covers. `eventText` is the event as JSON. Only the event
 * and free text need JSON's escapes; the other kinds hold no character that has one.
 */
export function hashedText(entry: Omit<HistoryEntry, 'hash'>, eventText: string): string {
  let text = ''
  for (const { field, kind, before } of HASHED) {
    text += before
    const value = entry[field as keyof typeof entry]
    if (kind === 'event') text += canonicalFrom(value, eventText)
    else if (kind === 'text') text += JSON.stringify(value)
    else if (kind === 'number') text += value
    else text += `"${value}"`
  }
  return `${text}}`
}
