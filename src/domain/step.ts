import type { EffectRequest } from './effect.ts'
import type { Evidence } from './evidence.ts'
import type { HistoryEntry, RunEvent } from './history-entry.ts'
import type { Run } from './run.ts'

/** A durable timer that a transition asked for. */
export interface TimerRequest {
  timerId: string
  dueAt: string
  event: { type: string }
}

/** A timer of a run, as stored. */
export interface Timer {
  timerId: string
  /** ISO 8601 in UTC. */
  dueAt: string
  event: RunEvent
}

/**
 * One change of one run, complete: what `RunStore.advance` saves in one transaction and what nothing else may change.
 * `step` in src/machine computes it; it touches nothing.
 */
export interface Step {
  run: Run
  entry: HistoryEntry
  /** The entry's event as JSON: made once, to be hashed and to be stored. */
  eventText: string
  /** The invoke whose outcome this step takes in; its row and lease end here. */
  effectDone: string | null
  effectsAsked: EffectRequest[]
  /** Invokes that the machine left unfinished. */
  effectsDropped: string[]
  timersAsked: TimerRequest[]
  timersDropped: string[]
  /** The approval that this step uses up. */
  approvalUsed: string | null
  evidence: Evidence[]
}
