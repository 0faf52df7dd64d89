import type { EffectRequest } from './effect.ts'
import type { Evidence } from './evidence.ts'
import type { HistoryEntry, RunEvent } from './history-entry.ts'
import type { Message } from './message.ts'
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
 * One complete change of one run. `RunStore.advance` saves it in one transaction, and nothing else changes a run. The pure functions of
 * src/machine compute it.
 */
export interface Step {
  run: Run
  entry: HistoryEntry
  /** The event of the entry as JSON, which is hashed and stored. */
  eventText: string
  /** The invoke whose outcome this step records. Its row and its lease end with the step. */
  effectDone: string | null
  effectsAsked: EffectRequest[]
  /** Invokes that the machine left before they ended. */
  effectsDropped: string[]
  timersAsked: TimerRequest[]
  timersDropped: string[]
  /** The approval that this step uses. */
  approvalUsed: string | null
  evidence: Evidence[]
  /** What receivers get to know of it; absent where cutter.yaml names none. */
  messages?: Message[]
}
