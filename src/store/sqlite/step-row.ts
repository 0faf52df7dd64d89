import type { Evidence } from '../../domain/evidence.ts'
import type { HistoryEntry, HistoryField } from '../../domain/history-entry.ts'
import type { Message } from '../../domain/message.ts'
import type { TimerRequest } from '../../domain/step.ts'
import type { Row } from './row.ts'

/** An entry with its event as JSON. */
type EntryRow = { [Field in HistoryField]: Field extends 'event' ? string : HistoryEntry[Field] }

/** A step as text and numbers: everything that its statements bind, on whatever thread they run. */
export interface StepRow extends EntryRow {
  runId: string
  workedMs: number
  phase: string | null
  stopCode: string | null
  stop: string | null
  outcome: string | null
  gate: string | null
  gateSeq: number | null
  gateHead: string | null
  planDigest: string | null
  output: string
  snapshot: string
  approvalUsed: string | null
  effectDone: string | null
  /** The first effect that the step asks for. Most steps ask for one. */
  asked: string | null
  askedName: string | null
  askedInput: string | null
  owner: string
  leaseUntil: string
  rest: StepRest | null
}

/** What few steps have. */
export interface StepRest {
  /** The complete row of a new run, with its start key. */
  made: Row | null
  upgradedTo: { version: string; definitionDigest: string } | null
  alsoAsked: { asked: string; askedName: string; askedInput: string }[]
  effectsDropped: string[]
  timersAsked: TimerRequest[]
  timersDropped: string[]
  evidence: Evidence[]
  messages: Message[]
}
