import type { RunEvent } from '../domain/history-entry.ts'
import type { Run } from '../domain/run.ts'
import type { Step, TimerRequest } from '../domain/step.ts'
import type { Machine } from './define.ts'
import { eventStep, type StepFacts } from './transition.ts'

/** A milestone on the way, with the effect that would run there. `phase` is null where the run only arrives. */
export interface PredictedPhase {
  state: string
  phase: string | null
  status: Run['status']
}

/** Maximum number of predicted phases. A chart may repeat a phase and count, so that its snapshots never repeat. */
const MAX_PHASES = 100

/**
 * Predicts the phases that a run would go through after an event, up to the next pause or end. It assumes that each effect succeeds
 * and reports no new facts. Pure: no effect runs and nothing is saved. Where a chart needs the real facts of an effect, the
 * prediction ends.
 */
export function predictPath(machine: Machine, run: Run, event: RunEvent): PredictedPhase[] {
  const way: PredictedPhase[] = []
  // The run's own time, so that the prediction does not depend on when it is made.
  const facts = { at: run.updatedAt, by: 'nobody' }
  const met = new Set<string>()
  let ahead: Ahead = { effects: [], timers: [] }
  try {
    let step = eventStep(machine, run, event, facts)
    for (;;) {
      ahead = after(ahead, step)
      const { state, phase, status, snapshotDigest } = step.run
      // The same snapshot again: from here on the chart only repeats itself.
      if (met.has(snapshotDigest) || way.length === MAX_PHASES) return way
      met.add(snapshotDigest)
      way.push({ state, phase, status })
      const then = status === 'working' ? nextEvent(ahead, step.run) : null
      if (then === null) return way
      step = eventStep(machine, step.run, then.event, { ...facts, ...then.facts })
    }
  } catch {
    // A guard or an assign needs what only the real effect reports.
    return way
  }
}

/** What the steps so far left to be done. */
interface Ahead {
  effects: string[]
  timers: TimerRequest[]
}

function after({ effects, timers }: Ahead, step: Step): Ahead {
  const { effectDone, effectsDropped, effectsAsked, timersDropped, timersAsked } = step
  const open = effects.filter((id) => id !== effectDone && !effectsDropped.includes(id))
  return {
    effects: [...open, ...effectsAsked.map(({ invokeId }) => invokeId)],
    timers: [...timers.filter(({ timerId }) => !timersDropped.includes(timerId)), ...timersAsked],
  }
}

/** Effects come one after another, and the earliest timer once there is none. */
function nextEvent(
  { effects: [actorId], timers }: Ahead,
  { planDigest }: Run,
): { event: RunEvent; facts: Partial<StepFacts> } | null {
  if (actorId !== undefined) {
    const event = { type: `xstate.done.actor.${actorId}`, actorId, output: { planDigest } }
    return { event, facts: { effectDone: actorId } }
  }
  const [timer] = [...timers].sort((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt))
  return timer === undefined ? null : { event: timer.event, facts: { timerFired: timer.timerId } }
}
