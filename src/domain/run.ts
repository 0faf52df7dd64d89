import type { StopFacts } from './errors.ts'
import type { Json } from './json.ts'
import type { StopCode } from './stop-codes.ts'

export type Mode = 'dry-run' | 'live'
export type Outcome =
  | 'succeeded'
  | 'rejected'
  | 'failed'
  | 'cancelled'
  | 'voided'
  | 'rolled-back'
  | 'abandoned'

/** What is read from a snapshot: where the run is. The union excludes impossible rows. */
export type Standing = {
  /** The milestone reached. */
  state: string
  /** The effect that leads to the next milestone, or null. */
  phase: string | null
  output: Json
  /** Digest of the plan that the run holds, or null before there is one. */
  planDigest: string | null
} & (
  | { status: 'working'; stopCode: null; outcome: null; gate: null; stop: null }
  | { status: 'paused'; stopCode: 'STOP_APPROVAL_REQUIRED'; outcome: null; gate: string; stop: null }
  | { status: 'stopped'; stopCode: StopCode; outcome: null; gate: null; stop: StopFacts }
  | { status: 'closed'; stopCode: null; outcome: Outcome; gate: null; stop: null }
)

/** Facts of a run that never change after its start. */
export interface RunIdentity {
  runId: string
  machine: string
  version: string
  /** Covers the chart and the built code of the machine and its effects. */
  definitionDigest: string
  mode: Mode
  input: { [key: string]: Json }
  startKey: string | null
  /** A label that the operator gives. The operating system confirms only `osUser`. */
  startedBy: string
  osUser: string
  startedAt: string
}

/** Only those facts, of any object that has them. */
export function identityOf(whose: RunIdentity): RunIdentity {
  const { runId, machine, version, definitionDigest, mode, input, startKey, startedBy, osUser, startedAt } =
    whose
  return { runId, machine, version, definitionDigest, mode, input, startKey, startedBy, osUser, startedAt }
}

/** A run as stored: its identity, where it is, and the head of its history. */
export type Run = RunIdentity &
  Standing & {
    seq: number
    updatedAt: string
    /** Working time so far, in milliseconds; pauses don't count. */
    workedMs: number
    /** `seq` and history hash of the entry that arrived at the present gate; null unless paused or rechecking there. */
    gateSeq: number | null
    gateHead: string | null
    /** The envelope round the machine's snapshot, as stored text. */
    snapshot: string
    snapshotDigest: string
    /** Hash of the newest history entry. */
    head: string
  }

/** Fields that the engine adds to the event of an entry when it knows the result of the event. */
export type EntryMarks = {
  /** The run arrived at a gate, or at another plan at the same gate. Statements name this entry. */
  arrival?: { gate: string; planDigest: string | null }
  /** The approval that this entry used. */
  approvalUsed?: string
  outcome?: Outcome
  /** Of a live run: the kind of each effect that the entry asks for, by the invoke's id. Entries of earlier versions do not say it. */
  effectsAsked?: { [invokeId: string]: 'read' | 'write' }
  /** Of a live run: the effects in flight that the chart left with this entry, by the invoke's id. */
  effectsDropped?: string[]
}

/** Closes a run as abandoned, under an approval: `{ approvalId, unsettledWrites, … }`. `cutter.abandoned`, which is older, means cancelled. */
export const RUN_ABANDONED = 'cutter.run-abandoned'
