import type { Committed } from '../domain/begun-writes.ts'
import type { Effect, EffectRow } from '../domain/effect.ts'
import type { RunEvent } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import type { HoldReading } from './check-hold.ts'
import type { SwitchReading } from './check-live.ts'
import { phaseCapMs } from './effect-context.ts'
import type { EngineDeps } from './engine-deps.ts'

/** How an effect came to its result. The event is the receipt of its phase: output, evidence by digest, and this. */
export type Ran = 'execute' | 'simulate' | 'probe'

/** What is read before and during the work of an effect. It is recorded with its outcome. */
export interface Readings {
  /** Whether a live write was committed, as far as it is known. Recorded with a failure. */
  committed?: Committed
  executionSwitch?: SwitchReading
  hold?: HoldReading
}

interface Circumstances {
  deps: EngineDeps
  row: EffectRow
  effect: Effect
  readings: Readings
  workedMs: number
}

/**
 * Composes the event of an outcome: the attempt, the readings, whether the effect is a write, whether it passed its soft cap, how it ran.
 * The fields are in the order of RFC 8785, in which they are hashed, so that the object needs no sorting.
 */
export function composeOutcomeEvent(
  type: string,
  outcome: { output: Json; ran: Ran } | { error: Json },
  { deps, row, effect, readings, workedMs }: Circumstances,
): RunEvent {
  const event: { [field: string]: Json } = { actorId: row.invokeId }
  if (row.attempt > 1) event.attempt = row.attempt
  if ('error' in outcome && readings.committed !== undefined) event.committed = readings.committed
  if ('error' in outcome) event.error = outcome.error
  if (readings.executionSwitch !== undefined) event.executionSwitch = readings.executionSwitch
  if (readings.hold !== undefined) event.hold = readings.hold
  if (effect.kind === 'write') event.kind = 'write'
  if ('output' in outcome) event.output = outcome.output
  if (workedMs > phaseCapMs(deps, effect.name)) event.overPhaseCap = true
  if ('ran' in outcome) event.ran = outcome.ran
  event.type = type
  return event as RunEvent
}
