import { afterEach, describe, expect, test } from 'vitest'
import { chart, success, work } from '../../src/machine/chart.ts'
import { theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { worldOf } from './one-effect-world.ts'

/** A live write that ignored its signal may still write. Nobody settles it before it or its process has ended. */

afterEach(removeFolders)

const logic = chart({ A: work('job', 'END'), END: success })

/** A live run whose write was left behind. `finish` lets the write commit. */
async function leftBehind(how: 'timeout' | 'interruption') {
  let executed = 0
  let committed = false
  let end = () => {}
  const controller = new AbortController()
  const world = worldOf(
    logic,
    async () => {
      executed++
      if (how === 'interruption') controller.abort()
      await new Promise<void>((resolve) => {
        end = resolve
      })
      return {}
    },
    { allowLive: async () => true, graceMs: 10, interrupt: controller.signal },
    {
      kind: 'write',
      ...(how === 'timeout' ? { timeoutSeconds: 0.05 } : {}),
      probe: async () => (committed ? { outcome: 'committed', output: {} } : { outcome: 'not-committed' }),
    },
  )
  const on = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'test', by: 'test' }
  await world.store.setExecutionSwitch({ ...on, at: '2026-01-01T00:00:00.000Z' })
  const started = await world.engine.start('tried', {}, { mode: 'live' }).catch((error: Error) => error)
  const { runId } = await theRun(world)
  const finish = async () => {
    committed = true
    end()
    await expect.poll(() => world.store.effects(runId)).toMatchObject([{ owner: null }])
  }
  return { world, runId, started, finish, executed: () => executed }
}

const cancel = ({ engine }: World, runId: string) => engine.cancel(runId, { reason: 'wrong file' })
const held = { code: 'RUN_HELD', message: expect.stringContaining('may still write') }

describe.each(['timeout', 'interruption'] as const)('a live write that was left behind after a %s', (how) => {
  test('keeps the claim of its run until it ends, and then the target is asked', async () => {
    const { world, runId, finish, executed } = await leftBehind(how)
    expect(await world.store.effects(runId)).toMatchObject([{ owner: { pid: 1 } }])
    expect((await world.store.history(runId)).map(({ event }) => event.committed)).toEqual([undefined])

    world.parts.interrupt = new AbortController().signal
    await expect(world.engine.resume(runId, {})).rejects.toMatchObject(held)
    await expect(cancel(world, runId)).rejects.toMatchObject(held)

    await finish()
    await expect
      .poll(() => world.engine.resume(runId, {}).catch(() => null))
      .toMatchObject({ outcome: 'succeeded' })
    expect(executed()).toBe(1)
  })

  test('is held against another process while this one lives', async () => {
    const { world, runId, finish } = await leftBehind(how)
    const other = { ...world.parts, owner: () => ({ id: 'other', host: 'here', pid: 2 }) }
    const { createEngine } = await import('../../src/engine/engine.ts')
    const engine = createEngine(other)
    await expect(engine.resume(runId, {})).rejects.toMatchObject({ code: 'RUN_HELD' })
    await expect(engine.cancel(runId, { reason: 'wrong file' })).rejects.toMatchObject({ code: 'RUN_HELD' })
    await finish()
  })
})

test('a run whose write was left behind tells its starter that it is held', async () => {
  const { started, finish } = await leftBehind('timeout')
  expect(started).toMatchObject(held)
  await finish()
})
