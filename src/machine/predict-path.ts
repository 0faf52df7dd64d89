import type { Run, RunEvent } from '../domain/run.ts'
import type { Step, TimerRequest } from '../domain/step.ts'
import type { Machine } from './define.ts'
import { eventStep, type StepFacts } from './transition.ts'

/** A place on the way: the milestone, and the effect that would be performed there; none where the run only arrives. */
export interface PredictedPhase {
  state: string
  phase: string | null
  status: Run['status']
}

/** A chart may do something again and again, counting as it goes; a walk that comes so far has said enough. */
const FAR = 100

/**
 * What a run would go through after an event, each effect feigned to succeed with nothing new to say, up to the next pause or
 * end. Pure: nothing is performed, saved or timed. Where a chart needs to know what an effect really found, the walk ends there.
 */
export function predictPath(machine: Machine, run: Run, event: RunEvent): PredictedPhase[] {
  const way: PredictedPhase[] = []
  // The moment is of no account; a run's own time keeps the walk the same whenever it is made.
  const facts = { at: run.updatedAt, by: 'nobody' }
  const met = new Set<string>()
  let ahead: Ahead = { effects: [], timers: [] }
  try {
    let step = eventStep(machine, run, event, facts)
    for (;;) {
      ahead = after(ahead, step)
      const { state, phase, status, snapshotDigest } = step.run
      // The very same snapshot once more: from here on it goes round and round.
      if (met.has(snapshotDigest) || way.length === FAR) return way
      met.add(snapshotDigest)
      way.push({ state, phase, status })
      const then = status === 'working' ? nextEvent(ahead, step.run) : null
      if (then === null) return way
      step = eventStep(machine, step.run, then.event, { ...facts, ...then.facts })
    }
  } catch {
    // A guard or an assign looked for what only the real effect can tell.
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
