import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EffectRow, Probe, WriteEffect } from '../../src/domain/effect.ts'
import type { HoldEntry } from '../../src/domain/hold.ts'
import type { Run } from '../../src/domain/run.ts'
import { runEffect } from '../../src/engine/run-effect.ts'
import { stored } from '../machine/drive-steps.ts'
import { approvalFor, aWorld, INPUT, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { failure } from '../machines/explore-chart.ts'
import { removeFolders } from '../store/store-folders.ts'
import { aRun } from '../support/run-fixture.ts'

let world: World
/** What is to happen when an effect of this name begins. */
let meanwhile: { [effect: string]: () => void }

beforeEach(() => {
  meanwhile = {}
  world = aWorld((name) => {
    meanwhile[name]?.()
    return name === 'mark' && meanwhile.fails !== undefined ? failure(name) : succeeds(name)
  })
})
afterEach(() => world.store.close())
afterAll(removeFolders)

const AT = '2026-03-01T08:00:00.000Z'
const word = (entry: object) =>
  void world.store.recordHold({ by: 'alice', at: AT, runId: null, reason: null, ...entry } as HoldEntry)
const on = () => word({ kind: 'on', reason: 'incident' })
const off = () => word({ kind: 'off' })
const release = ({ runId }: Run) => word({ kind: 'release', runId })

const approve = async (run: Run) => {
  const { approvalId } = await approvalFor(world, run)
  return world.engine.resume(run.runId, { approvalId })
}
const ON_HOLD = { code: 'ON_HOLD', message: expect.stringContaining(`on hold since ${AT} (incident, alice)`) }

/** The task is refused, and the run is as it was, to the last byte of its history. */
async function refused(run: Run, task: () => Promise<unknown>) {
  const before = [await world.store.run(run.runId), await world.store.history(run.runId)]
  await expect(task()).rejects.toMatchObject(ON_HOLD)
  expect([await world.store.run(run.runId), await world.store.history(run.runId)]).toEqual(before)
}

describe('a hold', () => {
  test('start is refused while a hold is on', async () => {
    on()
    await expect(start(world)).rejects.toMatchObject({ ...ON_HOLD, next: 'cutter hold off' })
    expect(await world.store.list({ limit: 9 })).toEqual([])
  })

  test('resume is refused while a hold is on, with and without an approval', async () => {
    const run = await start(world)
    on()
    await refused(run, () => world.engine.resume(run.runId, {}))
    const { approvalId } = await approvalFor(world, run)
    await refused(run, () => world.engine.resume(run.runId, { approvalId }))
    off()
    expect(await world.engine.resume(run.runId, { approvalId })).toMatchObject({ gate: 'SG2' })
  })

  test('a stopped run is not resumed while a hold is on, but can be cancelled', async () => {
    meanwhile.fails = () => {}
    const run = await start(world)
    expect(run.status).toBe('stopped')
    on()
    await refused(run, () => world.engine.resume(run.runId, {}))
    expect(await world.engine.cancel(run.runId, { reason: 'no' })).toMatchObject({ outcome: 'cancelled' })
  })

  test('a run whose process died is not continued while a hold is on, not by its start key either', async () => {
    await world.store.close()
    world = aWorld(succeeds, { mortal: true })
    const key = { mode: 'dry-run', key: 'nightly' } as const
    await expect(world.engine.start('cut', INPUT, key)).rejects.toThrow()
    world = await world.reopen()
    const [run] = await world.store.list({ limit: 1 })
    on()
    await refused(run!, () => world.engine.resume(run!.runId, {}))
    await refused(run!, () => world.engine.start('cut', INPUT, key))
  })

  test('a closed run, and a start key of a waiting run, are answered while a hold is on', async () => {
    const key = { mode: 'dry-run', key: 'nightly' } as const
    const waits = stored(await world.engine.start('cut', INPUT, key))
    on()
    expect(await world.engine.start('cut', INPUT, key)).toEqual(waits)
    off()
    const closed = stored(await approve(await approve(waits)))
    on()
    expect(await world.engine.resume(closed.runId, {})).toEqual(closed)
    expect(await world.engine.start('cut', INPUT, key)).toEqual(closed)
  })

  test('a released run continues until the hold is switched on again', async () => {
    const run = await start(world)
    on()
    release(run)
    await expect(start(world)).rejects.toMatchObject(ON_HOLD)
    const second = await approve(run)
    expect(second.gate).toBe('SG2')
    on()
    await refused(second, () => approve(second))
  })
})

describe('a hold that is switched on while a run works', () => {
  test.each([
    ['recheck_cut', 'cut_leg_a', 'AWAITING_CUT_AUTHORIZATION'],
    ['structural_verify', 'leg_b_record', 'STRUCTURAL_VERIFIED'],
  ])(
    'a hold during %s stops the run before %s, and the run continues once the hold is off',
    async (during, before, state) => {
      const run = await start(world)
      const begun: string[] = []
      meanwhile = { [during]: on, [before]: () => void begun.push(before) }
      const held = await approve(run)
      expect(held).toMatchObject({ status: 'stopped', stopCode: 'STOP_HOLD', state, phase: before })
      expect(held.stop).toMatchObject({
        message: `on hold since ${AT} (incident, alice)`,
        next: expect.stringContaining('cutter hold release <run>'),
        data: { hold: { on: true, released: false, since: AT } },
      })
      expect(begun).toEqual([])
      await refused(held, () => world.engine.resume(held.runId, {}))
      off()
      meanwhile = {}
      expect(await world.engine.resume(held.runId, {})).toMatchObject({ gate: 'SG2' })
    },
  )

  test('a hold does not stop a read', async () => {
    meanwhile = { source_pin: on }
    expect(await start(world)).toMatchObject({ status: 'paused', gate: 'SG1' })
  })
})

describe('the reading of the hold', () => {
  test('the reading of the hold is recorded with each write and with no read', async () => {
    const run = await start(world)
    on()
    release(run)
    await approve(await approve(run))
    const history = await world.store.history(run.runId)
    const read = history.filter(({ event }) => event.hold !== undefined)
    expect(read.map(({ event }) => event.actorId)).toEqual([
      'cut_leg_a',
      'leg_b_record',
      'write_verify',
      'lifecycle_enact',
    ])
    expect(read[0]!.event.hold).toMatchObject({ on: true, released: true, since: AT })
  })
})

describe('a live write under a hold', () => {
  const run = aRun({ mode: 'live', status: 'working' })
  const row: EffectRow = {
    invokeId: 'write',
    name: 'write',
    input: null,
    seq: 7,
    owner: null,
    leaseUntil: null,
    attempt: 2,
  }
  const writeThat = (probe: Probe<unknown>): WriteEffect & { ran: string[] } => {
    const ran: string[] = []
    const run = (how: string) => async () => {
      ran.push(how)
      return { output: {} }
    }
    return {
      ran,
      name: 'write',
      kind: 'write',
      beforeApproval: true,
      input: z.unknown(),
      output: z.unknown(),
      execute: run('execute'),
      simulate: run('simulate'),
      probe: async () => probe,
    }
  }

  test('a live write that was committed before the hold is recorded', async () => {
    on()
    const effect = writeThat({ outcome: 'committed', output: { made: 3 } })
    const { event } = await runEffect(world.parts, run, row, effect)
    expect(event).toMatchObject({ type: 'xstate.done.actor.write', ran: 'probe', output: { made: 3 } })
  })

  test('a live write that was not committed is not started under a hold', async () => {
    on()
    const effect = writeThat({ outcome: 'not-committed' })
    const { event } = await runEffect(world.parts, run, row, effect)
    expect(event).toMatchObject({ type: 'xstate.error.actor.write', error: { code: 'STOP_HOLD' } })
    expect(effect.ran).toEqual([])
  })
})
