import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import type { EngineDeps } from '../../src/engine/engine-deps.ts'
import { chart, success, work } from '../../src/machine/chart.ts'
import { theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { type Job, worldOf } from './one-effect-world.ts'

/** Limits of a run: its working time and its steps (hard), a phase's time (soft), and deadlines that a chart sets. */

afterEach(removeFolders)

const MINUTE = 60_000

/** V8's own collection, without a flag of the command line. */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const begin = ({ engine }: World) => engine.start('tried', {}, { mode: 'dry-run' })
const takesLong: Job = (signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const takes = (ms: number) => async () => {
  await new Promise((done) => setTimeout(done, ms))
  return undefined
}

describe('the cap on a run’s working time', () => {
  const logic = chart({ A: work('job', 'B'), B: work('job', 'END'), END: success })

  test('a phase at work is stopped when the run reaches its cap', async () => {
    const world = worldOf(logic, takesLong, {
      caps: { runMinutes: 50 / MINUTE, phaseMinutes: 10, steps: 1_000 },
    })
    expect(await begin(world)).toMatchObject({
      status: 'stopped',
      state: 'A',
      stopCode: 'STOP_CAP_RUN_TIME',
      stop: { next: expect.stringContaining('raise caps.runMinutes') },
    })
  })

  test('a phase at work is stopped at the cap after a garbage collection, when the phase keeps only a listener', async () => {
    const job: Job = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    const world = worldOf(logic, job, { caps: { runMinutes: 600 / MINUTE, phaseMinutes: 10, steps: 1_000 } })
    const collecting = setInterval(collectGarbage, 50)
    const run = await Promise.race([begin(world), takes(5_000)()])
    clearInterval(collecting)
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_CAP_RUN_TIME' })
  })

  test('the cap counts all phases, starts none past it, and lets the run continue once it is raised', async () => {
    const caps = { runMinutes: 60 / MINUTE, phaseMinutes: 10, steps: 1_000 }
    let begun = 0
    const job: Job = (signal) => {
      begun += 1
      return begun === 1 ? takes(80)() : Promise.resolve(signal.aborted ? undefined : {})
    }
    const world = worldOf(logic, job, { caps })
    const stopped = await begin(world)
    expect(stopped).toMatchObject({ state: 'B', stopCode: 'STOP_CAP_RUN_TIME' })
    expect(await world.engine.resume(stopped.runId, {})).toMatchObject({ stopCode: 'STOP_CAP_RUN_TIME' })
    expect(begun).toBe(1)
    caps.runMinutes = 1
    expect(await world.engine.resume(stopped.runId, {})).toMatchObject({ outcome: 'succeeded' })
    expect(begun).toBe(2)
  })
})

describe('the cap on a run’s steps', () => {
  const caps = { runMinutes: 60, phaseMinutes: 10, steps: 120 }
  const circle = chart({ A: work('job', 'B'), B: work('job', 'A'), END: success })

  test('a chart that leads in a circle stops at the cap, and lets timers and signals of the process through', async () => {
    let turns = 0
    const ticking = setInterval(() => turns++, 0)
    const run = await begin(worldOf(circle, async () => ({}), { caps }))
    clearInterval(ticking)
    expect(run).toMatchObject({
      status: 'stopped',
      stopCode: 'STOP_CAP_STEPS',
      stop: { next: expect.stringContaining('raise caps.steps') },
    })
    expect(run.seq).toBeGreaterThanOrEqual(120)
    expect(run.seq).toBeLessThan(130)
    expect(turns).toBeGreaterThan(0)
  })

  test('a run that stopped at the cap can be cancelled', async () => {
    const world = worldOf(circle, async () => ({}), { caps })
    const { runId } = await begin(world)
    expect(await world.engine.cancel(runId, { reason: 'a circle' })).toMatchObject({ outcome: 'cancelled' })
  })

  test('a chart whose timers lead in a circle is refused at the cap, and its run can be cancelled', async () => {
    const timers = chart({ A: { after: { 0: 'B' } }, B: { after: { 0: 'A' } }, END: success })
    const world = worldOf(timers, async () => ({}), { caps })
    await expect(begin(world)).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    const { runId, seq } = await theRun(world)
    expect(seq).toBeLessThan(130)
    expect(await world.engine.cancel(runId, { reason: 'a circle' })).toMatchObject({ outcome: 'cancelled' })
  })
})

describe('an effect with a limit of its own', () => {
  const logic = chart({ A: work('job', 'END'), END: success })
  const hangs: Job = () => new Promise<never>(() => {})
  const caps = { runMinutes: 60, phaseMinutes: 10, steps: 1_000 }

  test.each([
    ['its own timeoutSeconds', 'STOP_EFFECT_TIMEOUT', caps, 0.05],
    [
      'the cap of phases, where the config stops them',
      'STOP_CAP_PHASE_TIME',
      { ...caps, phaseMinutes: 50 / MINUTE, stopPhases: true },
      60,
    ],
    [
      'the cap of its phase',
      'STOP_CAP_PHASE_TIME',
      { ...caps, phaseMinutesOf: { job: 50 / MINUTE }, stopPhases: true },
      60,
    ],
    ['the cap of the run', 'STOP_CAP_RUN_TIME', { ...caps, runMinutes: 50 / MINUTE }, 60],
  ])('is aborted at %s', async (_, code, limits, timeoutSeconds) => {
    const world = worldOf(logic, takesLong, { caps: limits }, { timeoutSeconds })
    expect(await begin(world)).toMatchObject({
      stopCode: code,
      stop: {
        message: expect.stringContaining('was aborted'),
        next: expect.stringContaining('cutter run resume'),
      },
    })
  })

  test('is left behind when it ignores its signal, the run says so, and the next resume claims it again', async () => {
    const jobs = [hangs, async () => ({})]
    const world = worldOf(
      logic,
      (...given) => jobs.shift()!(...given),
      { graceMs: 50 },
      { timeoutSeconds: 0.05 },
    )
    const stopped = await begin(world)
    expect(stopped).toMatchObject({
      stopCode: 'STOP_EFFECT_TIMEOUT',
      stop: { message: expect.stringContaining('ignored its signal and was left behind') },
    })
    expect(await world.store.effects(stopped.runId)).toEqual([])
    expect(await world.engine.resume(stopped.runId, {})).toMatchObject({ outcome: 'succeeded' })
  })

  test('is left behind after an interruption, and its lease ends', async () => {
    const controller = new AbortController()
    const job: Job = () => {
      controller.abort()
      return new Promise<never>(() => {})
    }
    const world = worldOf(logic, job, { graceMs: 50, interrupt: controller.signal })
    await expect(begin(world)).rejects.toThrow('interrupted')
    const { runId } = await theRun(world)
    expect(await world.store.effects(runId)).toMatchObject([{ owner: null, leaseUntil: null }])
  })
})

test('a phase that passes its soft cap is marked in the history, and the run continues', async () => {
  const logic = chart({ A: work('job', 'B'), B: work('job', 'END'), END: success })
  const lasting = [1, 350]
  const job: Job = () => takes(lasting.shift()!)()
  const world = worldOf(logic, job, { caps: { runMinutes: 60, phaseMinutes: 300 / MINUTE, steps: 1_000 } })
  const { runId, outcome } = await begin(world)
  expect(outcome).toBe('succeeded')
  const over = (await world.store.history(runId)).map(({ event }) => event.overPhaseCap ?? false)
  expect(over).toEqual([false, false, true])
})

describe('a deadline that a chart sets', () => {
  const logic = chart({
    A: work('job', 'WAITING'),
    WAITING: { after: { [60 * MINUTE]: 'END' } },
    END: success,
  })

  let now = 0

  /** A run whose process was interrupted while it waited, and the world of the next one, so much later. */
  async function interrupted(laterByMs: number) {
    const controller = new AbortController()
    now = Date.parse('2026-03-01T09:00:00.000Z')
    const lives = [controller.signal]
    const parts: Partial<EngineDeps> = {
      clock: { now: () => new Date(now) },
      get interrupt() {
        return lives.shift() ?? new AbortController().signal
      },
      onStep: ({ state }) => {
        if (state === 'WAITING') controller.abort()
      },
    }
    const world = worldOf(logic, async () => ({}), parts)
    await expect(begin(world)).rejects.toThrow('interrupted')
    now += laterByMs
    const next = await world.reopen()
    return { next, run: await theRun(next) }
  }

  test('a deadline that passed while the process was down fires at once', async () => {
    const { run, next } = await interrupted(90 * MINUTE)
    expect(run).toMatchObject({ state: 'WAITING', status: 'working' })
    expect(await next.engine.resume(run.runId, {})).toMatchObject({ state: 'END', outcome: 'succeeded' })
  })

  test('the next process waits for the rest of a deadline', async () => {
    const { run, next } = await interrupted(60 * MINUTE - 300)
    const [timer] = await next.store.timers(run.runId)
    expect(timer!.dueAt).toBe('2026-03-01T10:00:00.000Z')
    const begun = Date.now()
    const resumed = next.engine.resume(run.runId, {})
    expect(await Promise.race([resumed, takes(100)()])).toBeUndefined()
    now += 300
    expect(await resumed).toMatchObject({ outcome: 'succeeded' })
    expect(Date.now() - begun).toBeLessThan(20_000)
  })
})
