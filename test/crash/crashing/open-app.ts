import { type App, type AppOptions, openApp as openRealApp } from '../../../src/app/open-app.ts'
import type { Effect } from '../../../src/domain/effect.ts'
import type { Step } from '../../../src/domain/step.ts'
import type { EngineDeps } from '../../../src/engine/engine-deps.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { crashAt, phase } from './crash-point.ts'

// Everything else is the app's own.
export * from '../../../src/app/open-app.ts'

/** Replaces src/app/open-app.ts in the crashing build: the same app, with kill points around its effects and saved steps. */
export async function openApp(options: AppOptions): Promise<App> {
  const app = await openRealApp(options)
  addPoints(app.deps)
  return app
}

function addPoints(parts: EngineDeps): void {
  const { store, installed } = parts
  parts.store = addPointsAroundSteps(store)
  parts.installed = async (name, run) => {
    const machine = await installed(name, run)
    const effects = Object.entries(machine.effects).map(([key, effect]) => [key, addPointsAround(effect)])
    return { ...machine, effects: Object.fromEntries(effects) }
  }
}

/** `before`: claimed, nothing done. `done`: its result is there, no step saved. */
function addPointsAround(effect: Effect): Effect {
  const wrap =
    <Given extends unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
    (...given: Given): Promise<Result> =>
      phase.run(effect.name, async () => {
        crashAt(effect.name, 'before')
        const result = await work(...given)
        crashAt(effect.name, 'done')
        return result
      })
  const execute = wrap(effect.execute)
  return effect.kind === 'read'
    ? { ...effect, execute }
    : { ...effect, execute, simulate: wrap(effect.simulate) }
}

/** `unsaved`: the step is made. `saved`: the store has acknowledged it. */
function addPointsAroundSteps(store: RunStore): RunStore {
  const wrap =
    <Given extends [Step, ...unknown[]], Result>(save: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      const where = whereOf(given[0])
      crashAt(where, 'unsaved')
      const result = await save(...given)
      crashAt(where, 'saved')
      return result
    }
  return { ...store, create: wrap(store.create), advance: wrap(store.advance) }
}

/** The phase whose outcome a step takes in, the milestone that a timer leaves, the gate at which an approval came, or `start`. */
function whereOf({ entry: { event, state }, run }: Step): string {
  if (typeof event.actorId === 'string') return event.actorId
  if (event.type === 'APPROVE') return state === 'AWAITING_CUT_AUTHORIZATION' ? 'SG1' : 'SG2'
  if (event.type.startsWith('xstate.after.')) return event.type.split('.').at(-1)!
  return run.seq === 1 ? 'start' : event.type
}
