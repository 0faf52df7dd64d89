import { afterEach, describe, expect, test } from 'vitest'
import { listBegunWrites, listMissingWrites } from '../../src/domain/begun-writes.ts'
import type { Probe } from '../../src/domain/effect.ts'
import { Stop } from '../../src/domain/errors.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import { chart, effectState, stopState, success, work } from '../../src/machine/chart.ts'
import { closed } from '../../src/machine/define.ts'
import { theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { type Job, worldOf } from './one-effect-world.ts'

/** A live write that was begun is settled before its run closes, whichever way the run would close. */

afterEach(removeFolders)

const unreachable = async (): Promise<Probe<unknown>> => {
  throw new Stop('STOP_TARGET_UNREACHABLE', 'no server')
}
const committed = async (): Promise<Probe<unknown>> => ({ outcome: 'committed', output: {} })
const missing = async (): Promise<Probe<unknown>> => ({ outcome: 'not-committed' })
const unknown = async (): Promise<Probe<unknown>> => ({ outcome: 'unknown', why: 'half of it is there' })

const TWO = chart({ A: work('job', 'B'), B: { after: { 3600000: 'END' } }, END: success })

/** The target as the write and its probe meet it. A test changes it while the run is open. */
interface Target {
  probe: () => Promise<Probe<unknown>>
  job: Job
  executed: number
}

/** A world whose live write `job` meets the target. It is not started. */
async function aWorldWith(target: Target, logic = TWO): Promise<World> {
  const world = worldOf(
    logic,
    (signal, context) => {
      target.executed++
      return target.job(signal, context)
    },
    { allowLive: async () => true },
    { kind: 'write', probe: () => target.probe() },
  )
  const on = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'test', by: 'test' }
  await world.store.setExecutionSwitch({ ...on, at: '2026-01-01T00:00:00.000Z' })
  return world
}

/** A run that died in its live write, and the world of the next process. */
async function killed(target: Target, logic = TWO): Promise<{ world: World; runId: string }> {
  const world = await aWorldWith(target, logic)
  world.engine.start('tried', {}, { mode: 'live' }).catch(() => {})
  await expect.poll(() => target.executed).toBe(1)
  const { runId } = await theRun(world)
  return { world: await world.reopen(), runId }
}

const aTarget = (probe = missing, job: Job = () => new Promise<never>(() => {})): Target => ({
  probe,
  job,
  executed: 0,
})
const cancel = ({ engine }: World, runId: string) => engine.cancel(runId, { reason: 'wrong file' })
const begun = async ({ store }: World, runId: string) =>
  listBegunWrites(await store.history(runId)).map(({ effect, committed }) => [effect, committed])
const refused = {
  code: 'EVENT_REFUSED',
  message: expect.stringContaining('nobody knows whether it was committed'),
  next: expect.stringContaining('cutter run resume'),
}

describe('cancel of a run that died in a live write', () => {
  test('asks the target, closes when the write is missing, and does not do it', async () => {
    const target = aTarget()
    const { world, runId } = await killed(target)
    expect(await cancel(world, runId)).toMatchObject({ status: 'closed', outcome: 'cancelled' })
    expect(target.executed).toBe(1)
    expect(await begun(world, runId)).toEqual([])
  })

  test('asks the target, and records a write that was committed before it closes', async () => {
    const target = aTarget()
    const { world, runId } = await killed(target)
    target.probe = committed
    expect(await cancel(world, runId)).toMatchObject({ outcome: 'cancelled', state: 'B' })
    expect(target.executed).toBe(1)
    expect(await begun(world, runId)).toEqual([['job', 'yes']])
  })

  test.each([
    ['cannot be reached', unreachable],
    ['cannot say', unknown],
  ])(
    'is refused while the target %s, also after a resume, and works once the target answers',
    async (_, silent) => {
      const target = aTarget()
      const { world, runId } = await killed(target)
      target.probe = silent
      await expect(cancel(world, runId)).rejects.toMatchObject(refused)
      expect(await world.engine.resume(runId, {})).toMatchObject({ status: 'stopped' })
      await expect(cancel(world, runId)).rejects.toMatchObject(refused)
      expect(await theRun(world)).toMatchObject({ outcome: null })
      expect(await begun(world, runId)).toEqual([['job', 'unknown']])
      target.probe = committed
      expect(await cancel(world, runId)).toMatchObject({ outcome: 'cancelled' })
      expect(await begun(world, runId)).toEqual([['job', 'yes']])
      expect(target.executed).toBe(1)
    },
  )

  test('is refused after its machine was replaced, since only that machine could ask', async () => {
    const target = aTarget()
    const { world, runId } = await killed(target)
    target.probe = unreachable
    expect(await world.engine.resume(runId, {})).toMatchObject({ status: 'stopped' })
    const { installed } = world.parts
    world.parts.installed = async (name, run) => {
      const found = await installed(name, run)
      return { ...found, machine: { ...found.machine, definitionDigest: 'sha256:other' } }
    }
    await expect(cancel(world, runId)).rejects.toMatchObject(refused)
    expect(await theRun(world)).toMatchObject({ status: 'stopped' })
  })
})

test('a write that stopped before it was begun leaves nothing to settle, and its run can be cancelled', async () => {
  const target = aTarget(unreachable)
  const world = await aWorldWith(target)
  const { runId, status } = await world.engine.start('tried', {}, { mode: 'live' })
  expect(status).toBe('stopped')
  expect(await cancel(world, runId)).toMatchObject({ outcome: 'cancelled' })
  expect(await begun(world, runId)).toEqual([])
})

test('a repeated write that stopped before it was begun is not taken for the one that was done', async () => {
  const target = aTarget(missing, async () => ({}))
  const world = await aWorldWith(target, chart({ A: work('job', 'B'), B: work('job', 'END'), END: success }))
  target.job = async () => {
    target.probe = unreachable
    return {}
  }
  const { runId, state, status } = await world.engine.start('tried', {}, { mode: 'live' })
  expect([state, status]).toEqual(['B', 'stopped'])
  expect(await begun(world, runId)).toEqual([['job', 'yes']])
})

describe('a write whose answer does not fit its contract', () => {
  const wrong = async () => ({ n: 10n })

  test('counts as done when the target has it', async () => {
    const target = aTarget(missing, wrong)
    const world = await aWorldWith(target, chart({ A: work('job', 'END'), END: success }))
    target.job = async () => {
      target.probe = committed
      return wrong()
    }
    const stopped = await world.engine.start('tried', {}, { mode: 'live' })
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_EFFECT_INVALID' })
    expect(stopped.stop?.message).toContain('n is a BigInt. Its probe says that the write was committed')
    expect(await begun(world, stopped.runId)).toEqual([['job', 'yes']])
    target.job = () => Promise.reject(new Error('it would be done twice'))
    expect(await world.engine.resume(stopped.runId, {})).toMatchObject({ outcome: 'succeeded' })
  })

  test('keeps its run open when nobody knows', async () => {
    const target = aTarget(missing)
    const world = await aWorldWith(target)
    target.job = async () => {
      target.probe = unknown
      return wrong()
    }
    const { runId, stopCode } = await world.engine.start('tried', {}, { mode: 'live' })
    expect(stopCode).toBe('STOP_OUTCOME_UNKNOWN')
    await expect(cancel(world, runId)).rejects.toMatchObject(refused)
  })
})

describe('a timer of the chart that ended while a live write was begun', () => {
  const timed = chart({
    A: {
      initial: 'working',
      states: {
        working: { ...effectState('job', '#END'), after: { 1000: '#TIMED_OUT' } },
        stopped: stopState(),
      },
    },
    END: success,
    TIMED_OUT: { type: 'final', meta: closed('failed') },
  })

  /** Each reading moves the clock of this world by 10 milliseconds. */
  const killedAndLate = async (target: Target) => {
    const found = await killed(target, timed)
    for (let times = 0; times < 100; times++) found.world.parts.clock.now()
    return found
  }

  test('does not close the run when the write was committed', async () => {
    const target = aTarget()
    const { world, runId } = await killedAndLate(target)
    target.probe = committed
    expect(await world.engine.resume(runId, {})).toMatchObject({ outcome: 'succeeded' })
    expect(target.executed).toBe(1)
  })

  test('closes the run when the write is missing, without doing it', async () => {
    const target = aTarget()
    const { world, runId } = await killedAndLate(target)
    expect(await world.engine.resume(runId, {})).toMatchObject({ outcome: 'failed' })
    expect(target.executed).toBe(1)
    expect(await begun(world, runId)).toEqual([])
  })

  test.each([
    ['missing', missing, 'failed', []],
    ['committed', committed, 'succeeded', [['job', 'yes']]],
  ] as const)(
    'closes the run once the target says %s, after nobody knew it at a stop',
    async (_, probe, outcome, writes) => {
      const target = aTarget()
      // The timer belongs to the milestone, so it goes by while the run is stopped.
      const late = chart({
        A: { ...work('job', 'END'), after: { 1000: 'TIMED_OUT' } },
        END: success,
        TIMED_OUT: { type: 'final', meta: closed('failed') },
      })
      const { world, runId } = await killed(target, late)
      for (let times = 0; times < 100; times++) world.parts.clock.now()
      target.probe = unknown
      expect(await world.engine.resume(runId, {})).toMatchObject({ status: 'stopped' })
      target.probe = probe
      expect(await world.engine.resume(runId, {})).toMatchObject({ status: 'closed', outcome })
      expect(target.executed).toBe(1)
      expect(await begun(world, runId)).toEqual(writes)
    },
  )

  test('does not close the run while nobody knows', async () => {
    const target = aTarget()
    const { world, runId } = await killedAndLate(target)
    target.probe = unreachable
    expect(await world.engine.resume(runId, {})).toMatchObject({ status: 'stopped', outcome: null })
    expect(await begun(world, runId)).toEqual([['job', 'unknown']])
  })
})

test('a chart that closes when its write fails keeps the run open while nobody knows, and closes it then', async () => {
  const failing = chart({
    A: { initial: 'working', states: { working: effectState('job', '#END', { onError: '#FAILED' }) } },
    END: success,
    FAILED: { type: 'final', meta: closed('failed') },
  })
  const target = aTarget(missing)
  const { world, runId } = await killed(target, failing)
  target.probe = unknown
  await expect(world.engine.resume(runId, {})).rejects.toMatchObject(refused)
  expect(await theRun(world)).toMatchObject({ status: 'working' })
  target.probe = committed
  expect(await world.engine.resume(runId, {})).toMatchObject({ outcome: 'succeeded' })
})

test('a chart that continues after an unknown write does not succeed by a later write of the same name', async () => {
  const target = aTarget(missing)
  target.job = async () => {
    if (target.executed > 1) return {}
    // The target cannot say once, and has then forgotten the first write.
    target.probe = async () => {
      target.probe = missing
      return unknown()
    }
    throw new Error('connection lost')
  }
  const continuing = effectState('job', '#END', { onError: '#B' })
  const world = await aWorldWith(
    target,
    chart({
      A: { initial: 'working', states: { working: continuing } },
      B: work('job', 'END'),
      END: success,
    }),
  )
  await expect(world.engine.start('tried', {}, { mode: 'live' })).rejects.toMatchObject(refused)
  const { outcome, runId } = await theRun(world)
  expect(outcome).toBeNull()
  expect(await begun(world, runId)).toEqual([['job', 'unknown']])
})

describe('what is known of begun writes', () => {
  const entry = (event: object, seq: number) => ({ seq, status: 'stopped', event }) as unknown as HistoryEntry
  const fails = (more: object) => ({
    type: 'xstate.error.actor.w',
    kind: 'write',
    error: { code: 'STOP_X' },
    ...more,
  })
  const done = { type: 'xstate.done.actor.w', kind: 'write', ran: 'execute' }
  test.each<[string, object[], string[]]>([
    ['no write', [{ type: 'cutter.start' }], []],
    ['a read', [{ type: 'xstate.done.actor.r', ran: 'execute' }], []],
    ['a simulated write', [{ ...done, ran: 'simulate' }], []],
    ['a write that is done', [done], ['yes']],
    ['a failure that says no', [fails({ committed: 'no' })], []],
    ['a failure that says unknown', [fails({ committed: 'unknown' })], ['unknown']],
    ['a failure that says yes', [fails({ committed: 'yes' })], ['yes']],
    ['unknown, then no', [fails({ committed: 'unknown' }), fails({ committed: 'no' })], []],
    ['unknown, then done', [fails({ committed: 'unknown' }), done], ['yes']],
    ['a failure after the write, then done', [fails({ committed: 'yes' }), done], ['yes']],
    ['a write that a chart repeats', [done, done], ['yes', 'yes']],
    [
      'done, then a repetition that nobody knows of',
      [done, fails({ committed: 'unknown' })],
      ['yes', 'unknown'],
    ],
    ['an earlier version’s first failure', [fails({})], []],
    ['an earlier version’s failure of a second attempt', [fails({ attempt: 2 })], ['unknown']],
    [
      'an earlier version’s unknown outcome',
      [fails({ error: { code: 'STOP_OUTCOME_UNKNOWN' } })],
      ['unknown'],
    ],
  ])('listBegunWrites of %s', (_, events, expected) => {
    expect(listBegunWrites(events.map(entry)).map(({ committed }) => committed)).toEqual(expected)
  })
  test.each<[string, object[], string[]]>([
    ['a write that was never begun', [fails({ committed: 'no' })], []],
    ['a write of a process that died', [fails({ committed: 'no', attempt: 2 })], ['w']],
    ['unknown, then no', [fails({ committed: 'unknown' }), fails({ committed: 'no' })], ['w']],
    ['unknown, then no, then done', [fails({ committed: 'unknown' }), fails({ committed: 'no' }), done], []],
    ['no, then unknown', [fails({ committed: 'no', attempt: 2 }), fails({ committed: 'unknown' })], []],
  ])('listMissingWrites of %s', (_, events, expected) => {
    expect(listMissingWrites(events.map(entry)).map(({ effect }) => effect)).toEqual(expected)
  })
})
