import { afterEach, describe, expect, test } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import { chart, success, work } from '../../src/machine/chart.ts'
import { theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { worldOf } from './one-effect-world.ts'

/** Cancelling a run whose process died at work, where nothing can have been written. settled-writes.test.ts has the others. */

afterEach(removeFolders)

const logic = chart({ A: work('job', 'END'), END: success })
const never = () => new Promise<never>(() => {})

/** A run whose process died in its only effect, in the world of the next process. */
async function died(mode: Run['mode'], kind: 'read' | 'write'): Promise<World> {
  const world = worldOf(logic, never, { allowLive: async () => true }, { kind })
  const on = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'test', by: 'test' }
  await world.store.setExecutionSwitch({ ...on, at: '2026-01-01T00:00:00.000Z' })
  world.engine.start('tried', {}, { mode }).catch(() => {})
  await expect.poll(async () => (await world.store.list({ limit: 1 })).length).toBe(1)
  return world.reopen()
}

const cancel = async (world: World) => {
  const { runId } = await theRun(world)
  return world.engine.cancel(runId, { reason: 'wrong file' })
}

describe('cancel of a run that was killed at work', () => {
  test.each([
    ['live', 'read'],
    ['dry-run', 'read'],
    ['dry-run', 'write'],
  ] as const)('in a %s at a %s can be cancelled at once', async (mode, kind) => {
    const world = await died(mode, kind)
    expect(await cancel(world)).toMatchObject({ status: 'closed', outcome: 'cancelled' })
    expect(await world.store.effects((await theRun(world)).runId)).toEqual([])
  })

  test('cancel refuses a run whose process lives', async () => {
    const world = worldOf(logic, never)
    world.engine.start('tried', {}, { mode: 'dry-run' }).catch(() => {})
    await expect.poll(async () => (await world.store.list({ limit: 1 })).length).toBe(1)
    await expect(cancel(world)).rejects.toMatchObject({ code: 'RUN_HELD' })
    expect(await theRun(world)).toMatchObject({ status: 'working' })
  })

  test('cancel closes a dry run of another definition', async () => {
    const world = await died('dry-run', 'write')
    const { installed } = world.parts
    world.parts.installed = async (name, run) => {
      const found = await installed(name, run)
      return { ...found, machine: { ...found.machine, definitionDigest: 'sha256:other' } }
    }
    expect(await cancel(world)).toMatchObject({ status: 'closed', outcome: 'cancelled' })
    expect(await world.store.effects((await theRun(world)).runId)).toEqual([])
  })
})
