import { afterEach, describe, expect, test } from 'vitest'
import { chart, success, work } from '../../src/machine/chart.ts'
import type { World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { worldOf } from './one-effect-world.ts'

/** A live run of two writes. The first write calls `meanwhile`, and then the second one must not start where a permission is missing. */

const FAULT = {
  file: 'cutter.yaml',
  message: 'everybody may write cutter.yaml',
  next: 'chmod go-w cutter.yaml',
}

let world: World
let written: number
afterEach(async () => {
  await world.store.close()
  removeFolders()
})

async function aLiveWorld(meanwhile: () => unknown = () => {}) {
  written = 0
  const logic = chart({ A: work('job', 'B'), B: work('job', 'END'), END: success })
  const job = async () => {
    written += 1
    await meanwhile()
    return undefined
  }
  world = worldOf(logic, job, { allowLive: async () => true }, { kind: 'write' })
  await turn(true)
}

const turn = (enabled: boolean) => {
  const until = enabled ? '2099-01-01T00:00:00.000Z' : null
  const at = '2026-03-01T08:00:00.000Z'
  return world.store.setExecutionSwitch({ enabled, until, reason: 'a test', by: 'x', at })
}
const begin = () => world.engine.start('tried', {}, { mode: 'live' })
const forbid = () => {
  world.parts.allowLive = async () => false
}

describe('a live run', () => {
  test('is not started where the config does not allow it, even with the switch on', async () => {
    await aLiveWorld()
    forbid()
    await expect(begin()).rejects.toMatchObject({ code: 'LIVE_REFUSED' })
    expect(await world.store.list({ limit: 1 })).toEqual([])
  })

  test('is not started while the switch is off', async () => {
    await aLiveWorld()
    await turn(false)
    await expect(begin()).rejects.toMatchObject({ code: 'LIVE_REFUSED' })
    expect(await world.store.list({ limit: 1 })).toEqual([])
  })

  test('is not started while others may write a file that decides', async () => {
    await aLiveWorld()
    world.parts.filesFault = () => FAULT
    await expect(begin()).rejects.toMatchObject({ code: 'FILES_UNSAFE', data: { file: FAULT.file } })
    expect(await world.store.list({ limit: 1 })).toEqual([])
  })

  test.each([
    ['the switch is off', () => turn(false), 'cutter execution enable'],
    ['the config does not allow live runs any more', forbid, 'allowLive: true } in cutter.yaml'],
  ])('stops before its next write when %s, and says what allows it', async (_, change, next) => {
    await aLiveWorld(change)
    const run = await begin()
    expect(run).toMatchObject({ state: 'B', stopCode: 'STOP_EXECUTION_DISABLED' })
    expect(run.stop?.next).toContain(next)
    expect(written).toBe(1)
  })

  test.each(['STOP_POLICY_DIFFERS', 'STOP_COMMITS_NOT_REPLICATED'] as const)(
    'is refused and stops before its next write with %s, while the store of several hosts has it',
    async (stopCode) => {
      const obstacle = { stopCode, why: 'why', next: 'what to do' }
      const hinder = () => {
        world.parts.liveObstacle = async () => obstacle
      }
      await aLiveWorld(hinder)
      const run = await begin()
      expect(run).toMatchObject({ state: 'B', stopCode, stop: { message: 'why' } })
      expect(run.stop?.next).toContain('what to do')
      expect(written).toBe(1)
      await expect(begin()).rejects.toMatchObject({
        code: 'LIVE_REFUSED',
        message: expect.stringContaining(stopCode),
      })
    },
  )

  test('writes while every permission is there', async () => {
    await aLiveWorld()
    expect(await begin()).toMatchObject({ outcome: 'succeeded' })
    expect(written).toBe(2)
  })
})
