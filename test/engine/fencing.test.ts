import { afterEach, describe, expect, test } from 'vitest'
import type { EffectContext, FencingToken, Probe } from '../../src/domain/effect.ts'
import { chart, success, work } from '../../src/machine/chart.ts'
import { theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { worldOf } from './one-effect-world.ts'

/** A process that was suspended past its lease, while another one took its effect over and ended it. */

afterEach(removeFolders)

const logic = chart({ A: work('job', 'B'), B: { after: { 3600000: 'END' } }, END: success })
const missing = async (): Promise<Probe<unknown>> => ({ outcome: 'not-committed' })
const ELSEWHERE = { id: 'elsewhere', host: 'elsewhere', pid: 77 }
const ON = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'test', by: 'test' }

/** Another process on the file of a world. Its job writes, and its chart then waits, so it is interrupted there. */
async function takeOver(file: string, written: string[]): Promise<void> {
  const interrupt = new AbortController()
  const other = worldOf(
    logic,
    async () => void written.push('other'),
    {
      allowLive: async () => true,
      owner: () => ELSEWHERE,
      ownerAlive: () => false,
      interrupt: interrupt.signal,
      onStep: ({ state }) => {
        if (state === 'B') interrupt.abort()
      },
    },
    { kind: 'write', probe: missing, file },
  )
  const { runId } = await theRun(other)
  await expect(other.engine.resume(runId, {})).rejects.toThrow('interrupted')
  await other.store.close()
}

async function start(world: World) {
  await world.store.setExecutionSwitch({ ...ON, at: '2026-01-01T00:00:00.000Z' })
  return world.engine.start('tried', {}, { mode: 'live' })
}

describe('a process that lost its claim', () => {
  test('does not execute a write whose probe it had answered before', async () => {
    const written: string[] = []
    const world: World = worldOf(
      logic,
      async () => void written.push('stale'),
      { allowLive: async () => true },
      {
        kind: 'write',
        async probe() {
          if (written.length === 0) await takeOver(world.file, written)
          return { outcome: 'not-committed' }
        },
      },
    )
    await expect(start(world)).rejects.toMatchObject({
      code: 'STORE_CONFLICT',
      message: expect.stringContaining('lost its claim on job'),
    })
    expect(written).toEqual(['other'])
    const history = await world.store.history((await theRun(world)).runId)
    expect(history.filter(({ event }) => event.type === 'xstate.done.actor.job')).toHaveLength(1)
  })

  test('records nothing of a write that throws whatever it likes when it asks for its claim', async () => {
    const written: string[] = []
    const world: World = worldOf(
      logic,
      async (_signal, context) => {
        await takeOver(world.file, written)
        await context.assertClaimed().catch(() => {
          throw new Error('something of its own')
        })
        return undefined
      },
      { allowLive: async () => true },
      { kind: 'write', probe: missing },
    )
    await expect(start(world)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(await theRun(world)).toMatchObject({ state: 'B', status: 'working' })
  })
})

describe('what an effect learns of its claim', () => {
  test('the token grows with each claim and each step, and the deadline is the end of the working time', async () => {
    const seen: { token: FencingToken; left: number }[] = []
    const job = async (_signal: AbortSignal, { token, deadline, now }: EffectContext) => {
      seen.push({ token, left: deadline.getTime() - now().getTime() })
      return seen.length === 1 ? new Promise<never>(() => {}) : undefined
    }
    const world = worldOf(logic, job)
    world.engine.start('tried', {}, { mode: 'dry-run' }).catch(() => {})
    await expect.poll(() => seen.length).toBe(1)
    const { runId } = await theRun(world)
    const next = await world.reopen()
    next.engine.resume(runId, {}).catch(() => {})
    await expect.poll(() => seen.length).toBe(2)
    expect(seen.map(({ token }) => token)).toEqual([
      { run: runId, seq: 1, attempt: 1 },
      { run: runId, seq: 1, attempt: 2 },
    ])
    for (const { left } of seen) {
      expect(left).toBeGreaterThan(59 * 60_000)
      expect(left).toBeLessThanOrEqual(60 * 60_000)
    }
  })
})
