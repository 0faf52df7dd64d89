import type { Step } from '../../domain/step.ts'
import type { EngineDeps } from '../../engine/engine-deps.ts'
import { findEffectOutcome } from '../effect-outcome.ts'
import type { SpanStart, Tracing } from './tracing.ts'

/**
 * Makes a span of each effect and of each step that an engine saves. It sets `turn` and `store` of `deps`, so it comes before the first work. The time
 * until an effect has its turn belongs to no span.
 */
export function traceSteps(deps: EngineDeps, { trace }: Tracing): void {
  const { store, turn = atOnce } = deps
  deps.turn = (work, named) => {
    const { runId, machine, effect } = named
    const facts = { 'cutter.run.id': runId, 'cutter.machine': machine, 'cutter.effect': effect }
    const traced = () =>
      trace({ name: `effect ${effect}`, facts }, async (note) => {
        const done = await work()
        const outcome = findEffectOutcome(done.event) ?? 'unknown'
        const isFailed = done.event.error !== undefined
        note({ 'cutter.outcome': outcome, ...(isFailed ? { 'error.type': outcome } : {}) })
        return done
      })
    return turn(traced, named)
  }
  deps.store = {
    ...store,
    create: (...given) => trace(spanOf(given[0]), () => store.create(...given)),
    advance: (...given) => trace(spanOf(given[0]), () => store.advance(...given)),
  }
}

const atOnce = <Result>(effect: () => Promise<Result>) => effect()

function spanOf({ run, entry }: Step): SpanStart {
  const { runId, machine, state, status } = run
  const facts = { 'cutter.run.id': runId, 'cutter.machine': machine, 'cutter.state': state }
  const { seq, event } = entry
  return {
    name: 'step',
    facts: { ...facts, 'cutter.status': status, 'cutter.seq': seq, 'cutter.event': event.type },
  }
}
