import { afterEach, beforeEach, expect } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import type { Step } from '../../src/domain/step.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { anEffect, firstStep, mine, stepAfter, UNTIL } from './step-fixture.ts'

export const evidence = [
  { name: 'receipt', digest: 'sha256:receipt', mediaType: 'text/plain', bytes: Buffer.from('receipt') },
]

/** A fresh store for each test of a group, and what the tests do with it again and again. */
export function aSubject(open: () => Promise<RunStore>) {
  let opened: RunStore
  beforeEach(async () => {
    opened = await open()
  })
  afterEach(() => opened.close())
  // The store of the test that runs: it is another one in each.
  const store = new Proxy({} as RunStore, { get: (_, method) => opened[method as keyof RunStore] })

  const started = async (changes: Parameters<typeof firstStep>[0] = {}) => {
    const step = firstStep(changes)
    await store.create(step, mine)
    return step.run
  }
  const advanced = async (run: Run, changes: Parameters<typeof stepAfter>[1] = {}) => {
    const step = stepAfter(run, changes)
    await store.advance(step, mine)
    return step.run
  }
  /** Everything that a refused step must leave as it was. */
  const everything = async (runId: string) => ({
    run: await store.run(runId),
    history: await store.history(runId),
    effects: await store.effects(runId),
    timers: await store.timers(runId),
    approvals: await store.approvals(runId),
    evidence: await store.evidenceOf(runId),
  })
  const refusesWhole = async (step: Step, lease = mine) => {
    const before = await everything(step.run.runId)
    await expect(store.advance(step, lease)).rejects.toMatchObject({
      name: 'CutterError',
      code: 'STORE_CONFLICT',
    })
    expect(await everything(step.run.runId)).toEqual(before)
  }
  /** A step that would change every table. */
  const fullStep = (run: Run, changes: Parameters<typeof stepAfter>[1] = {}) =>
    stepAfter(run, {
      effectDone: 'source_pin',
      effectsAsked: [anEffect('mark')],
      timersAsked: [{ timerId: 't2', dueAt: UNTIL, event: { type: 'xstate.after.0' } }],
      evidence,
      ...changes,
    })

  return { store, started, advanced, everything, refusesWhole, fullStep }
}
