import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { listBegunWrites, listWritesInFlight } from '../../src/domain/begun-writes.ts'
import type { Effect } from '../../src/domain/effect.ts'
import { chart, effectState, success } from '../../src/machine/chart.ts'
import { closed } from '../../src/machine/define.ts'
import { aMachine } from '../machine/drive-steps.ts'
import { aWorld, succeeds, theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

/** Two writes in parallel regions. One fails and leads the chart out of both, so that the other one must be settled before. */

afterEach(removeFolders)

const region = (effect: string) => ({
  initial: 'working',
  states: {
    working: effectState(effect, 'done', { onError: '#FAILED' }),
    done: { type: 'final' },
  },
})
/** The store answers `after` before `begun`, and the chart asks for `begun` first. */
const logic = chart({
  A: { type: 'parallel', states: { one: region('begun'), two: region('after') }, onDone: 'END' },
  END: success,
  FAILED: { type: 'final', meta: closed('failed') },
} as never)

const ANSWERS = {
  committed: { outcome: 'committed', output: {} },
  missing: { outcome: 'not-committed' },
  unknown: { outcome: 'unknown', why: 'half of it is there' },
} as const
type Answer = keyof typeof ANSWERS

/** A live run whose process died in `begun`, and the world of the next process, in which `after` fails. */
async function killedInFirst(answer: Answer): Promise<World> {
  let executed = 0
  const write = (name: string, execute: () => Promise<never>, probe: () => Answer): Effect =>
    ({
      name,
      kind: 'write',
      beforeApproval: true,
      input: z.unknown(),
      output: z.unknown(),
      execute,
      simulate: execute,
      probe: async () => ANSWERS[probe()],
    }) as never
  const effects = {
    begun: write(
      'begun',
      () => new Promise(() => void executed++),
      () => (executed === 0 ? 'missing' : answer),
    ),
    after: write(
      'after',
      async () => {
        throw new Error('it fails')
      },
      () => 'missing',
    ),
  }
  const machine = aMachine(logic, { definitionDigest: 'sha256:regions' })
  const installed = async () => ({ machine, effects, admit: async (input: never) => input })
  const world = aWorld(succeeds, { parts: { installed, allowLive: async () => true } as never })
  const on = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'test', by: 'test' }
  await world.store.setExecutionSwitch({ ...on, at: '2026-01-01T00:00:00.000Z' })
  world.engine.start('tried', {}, { mode: 'live' }).catch(() => {})
  await expect.poll(() => executed).toBe(1)
  return world.reopen()
}

const historyIn = async (world: World) => world.store.history((await theRun(world)).runId)

test('both writes are in flight after the first entry, which says their kinds', async () => {
  const world = await killedInFirst('committed')
  const history = await historyIn(world)
  expect(history[0]!.event.effectsAsked).toEqual({ begun: 'write', after: 'write' })
  expect(listWritesInFlight(history)).toEqual([
    { effect: 'after', seq: 1 },
    { effect: 'begun', seq: 1 },
  ])
})

test('a write that was committed is recorded before another region leads the chart out of it', async () => {
  const world = await killedInFirst('committed')
  const { runId } = await theRun(world)
  expect(await world.engine.resume(runId, {})).toMatchObject({ status: 'closed', outcome: 'failed' })
  const history = await historyIn(world)
  expect(listBegunWrites(history)).toMatchObject([{ effect: 'begun', committed: 'yes' }])
  expect(listWritesInFlight(history)).toEqual([])
})

test('a write that is missing is left, and the entry says that the chart left it', async () => {
  const world = await killedInFirst('missing')
  const { runId } = await theRun(world)
  expect(await world.engine.resume(runId, {})).toMatchObject({ status: 'closed', outcome: 'failed' })
  const history = await historyIn(world)
  expect(history.at(-1)!.event.effectsDropped).toEqual(['begun'])
  expect(listWritesInFlight(history)).toEqual([])
})

test('a write of which nobody knows keeps its run open', async () => {
  const world = await killedInFirst('unknown')
  const { runId } = await theRun(world)
  await expect(world.engine.resume(runId, {})).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
  expect(await theRun(world)).toMatchObject({ status: 'working', outcome: null })
})

test.each([
  ['committed', { status: 'closed' }, [{ effect: 'begun', committed: 'yes' }]],
  ['missing', { status: 'closed' }, []],
  ['unknown', { code: 'EVENT_REFUSED' }, []],
] as const)(
  'cancel asks about each of the writes, and one that is %s decides',
  async (answer, end, begun) => {
    const world = await killedInFirst(answer)
    const { runId } = await theRun(world)
    const ended = await world.engine.cancel(runId, { reason: 'gone' }).catch((error) => error)
    expect(ended).toMatchObject(end)
    expect(listBegunWrites(await historyIn(world))).toMatchObject(begun)
  },
)
