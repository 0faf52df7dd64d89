import type { Effect, EffectContext, WriteEffect } from '../../../domain/effect.ts'

/** When a run of a trial is killed: at the n-th write that it executes, counted from 0. */
export interface KillPoint {
  at: number
  moment: 'before the write' | 'after the write'
}

/** What a trial sees of the writes of one live run, over all of its processes. */
export interface Watch {
  /** Null: nobody disturbs the run. */
  kill: KillPoint | null
  /** Each write that was begun, in its order: `<name>@<seq>`. */
  writes: string[]
  /** How often each was executed to its end. */
  executed: Map<string, number>
  faults: string[]
}

/** Creates the watch of a run that is not begun yet. */
export const newWatch = (kill: KillPoint | null): Watch => ({
  kill,
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
      const result = await effect.execute(context, input)
      watch.executed.set(id, times + 1)
      dieOnceAt('after the write', id)
      return result
    },
    async probe(context, input) {
      const answer = await effect.probe(context, input)
      const done = (watch.executed.get(idOf(effect, context)) ?? 0) > 0
      const outcome = (answer as { outcome?: unknown } | undefined)?.outcome
      if (outcome === 'committed' && !done)
        watch.faults.push(`${nameOf(effect)} was not done, but its probe answered committed`)
      if (outcome === 'unknown' && done)
        watch.faults.push(`${nameOf(effect)} was done, but its probe answered unknown`)
      return answer
    },
  }
}
