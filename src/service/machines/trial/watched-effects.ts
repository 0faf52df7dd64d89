import type { Effect, EffectContext, WriteEffect } from '../../../domain/effect.ts'
import { inMoments } from './moments.ts'

/** When a run of a trial is killed: at the n-th write that it executes, counted from 0. */
export interface KillPoint {
  at: number
  moment: 'before the write' | 'after the write'
}

/** What a trial sees of the writes of one live run, over all of its processes. */
export interface Watch {
  /** Null: nobody disturbs the run. */
  kill: KillPoint | null
  /** The write at which its process was killed: `<name>@<seq>`. */
  killed: string | null
  /** Whether that was in the middle of the write, so that only its probe can tell what is done. */
  isCut: boolean
  /** What the probe of that write answered first after the kill. */
  answer: unknown
  /** Each write that was begun, in its order: `<name>@<seq>`. */
  writes: string[]
  /** How often each was executed to its end. */
  executed: Map<string, number>
  faults: string[]
  /** Called at each moment in a write. */
  atMoment?(write: string): void
}

/** Creates the watch of a run that is not begun yet. `cut` is the write in whose middle an earlier process of the run died. */
export const newWatch = (kill: KillPoint | null, cut: string | null = null): Watch => ({
  kill,
  killed: cut,
  isCut: cut !== null,
  answer: null,
  writes: [],
  executed: new Map(),
  faults: [],
})

/** Returns the effects of a machine with their writes watched. `die` ends this process of the run. */
export function watchedEffects(
  effects: Record<string, Effect>,
  watch: Watch,
  die: () => never,
): Record<string, Effect> {
  return Object.fromEntries(
    Object.entries(effects).map(([name, effect]) => [
      name,
      effect.kind === 'read' ? effect : watchedWrite(effect, watch, die),
    ]),
  )
}

const idOf = ({ name }: WriteEffect, { seq }: EffectContext) => `${name}@${seq}`
const nameOf = ({ name, source }: WriteEffect) =>
  `the write ${name}${source === undefined ? '' : ` (${source.place})`}`

function watchedWrite(effect: WriteEffect, watch: Watch, die: () => never): WriteEffect {
  const dieOnceAt = (moment: KillPoint['moment'], id: string) => {
    if (watch.kill?.moment !== moment || watch.writes.indexOf(id) !== watch.kill.at) return
    watch.kill = { ...watch.kill, at: -1 }
    watch.killed = id
    die()
  }
  return {
    ...effect,
    async execute(context, input) {
      const id = idOf(effect, context)
      if (!watch.writes.includes(id)) watch.writes.push(id)
      const times = watch.executed.get(id) ?? 0
      if (times > 0) {
        watch.faults.push(
          `${nameOf(effect)} would be done twice: it was done, the process died, and its probe answered not-committed`,
        )
        die()
      }
      dieOnceAt('before the write', id)
      const work = async () => effect.execute(context, input)
      const { atMoment } = watch
      const result = await (atMoment === undefined ? work() : inMoments(() => atMoment(id), work))
      watch.executed.set(id, times + 1)
      dieOnceAt('after the write', id)
      return result
    },
    async probe(context, input) {
      const answer = await effect.probe(context, input)
      const id = idOf(effect, context)
      const outcome = (answer as { outcome?: unknown } | undefined)?.outcome
      if (watch.killed === id) watch.answer ??= outcome
      const done = (watch.executed.get(id) ?? 0) > 0
      // A process that died in the middle may have done all, a part or nothing of it.
      const isKnown = done || !(watch.isCut && watch.killed === id)
      if (outcome === 'committed' && isKnown && !done)
        watch.faults.push(`${nameOf(effect)} was not done, but its probe answered committed`)
      if (outcome === 'unknown' && done)
        watch.faults.push(`${nameOf(effect)} was done, but its probe answered unknown`)
      return answer
    },
  }
}
