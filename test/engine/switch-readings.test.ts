import { afterAll, describe, expect, test } from 'vitest'
import type { Mode } from '../../src/domain/run.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import { aWorld, INPUT, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

afterAll(removeFolders)

async function readingsOf({ store }: World, runId: string) {
  const history = await store.history(runId)
  return [history[0]!, history.at(-1)!].map(({ event, status }) => [status, event.executionSwitch])
}

const off = { enabled: false, until: null, at: expect.stringMatching(/Z$/) }
const on = { enabled: true, until: '2027-01-01T00:00:00.000Z', at: expect.stringMatching(/Z$/) }

async function switchOn({ store }: World): Promise<void> {
  const { until } = on
  await store.setExecutionSwitch({ enabled: true, until, reason: 'a test', by: 'ops', at: until })
}

const BY_ALICE = { as: 'alice@example.org', reason: 'a test' }

/** Each way in which a run closes. */
const ENDS: { [how: string]: (world: World, runId: string) => Promise<unknown> } = {
  succeeds: async ({ engine, parts }, runId) => {
    for (const _gate of ['SG1', 'SG2']) {
      const { approvalId } = await rehearseApproval(parts, runId, { ...BY_ALICE, decision: 'approve' })
      await engine.resume(runId, { approvalId })
    }
  },
  'is rejected': async ({ engine, parts }, runId) => {
    const { approvalId } = await rehearseApproval(parts, runId, { ...BY_ALICE, decision: 'reject' })
    await engine.resume(runId, { approvalId })
  },
  'is cancelled': ({ engine }, runId) => engine.cancel(runId, { reason: 'not wanted' }),
}

describe('the execution switch', () => {
  test.each(Object.entries(ENDS))('is recorded at start and end of a dry run that %s', async (_, end) => {
    const world = aWorld(succeeds)
    const { runId } = await start(world)
    await switchOn(world)
    await end(world, runId)
    expect(await readingsOf(world, runId)).toEqual([
      ['working', off],
      ['closed', on],
    ])
  })

  test.each(['dry-run', 'live'] as Mode[])(
    'is recorded at start and end of a %s run that is cancelled',
    async (mode) => {
      const world = aWorld(succeeds, { parts: { allowLive: async () => true } })
      await switchOn(world)
      const { runId } = await world.engine.start('cut', INPUT, { mode })
      await world.engine.cancel(runId, { reason: 'not wanted' })
      expect(await readingsOf(world, runId)).toEqual([
        ['working', on],
        ['closed', on],
      ])
    },
  )

  test('is recorded at the end of a run whose machine is gone', async () => {
    const world = aWorld(succeeds)
    const { runId } = await start(world)
    const { installed } = world.parts
    world.parts.installed = async (...given) => {
      const found = await installed(...given)
      return { ...found, machine: { ...found.machine, definitionDigest: `sha256:${'0'.repeat(64)}` } }
    }
    await world.engine.cancel(runId, { reason: 'its machine is gone' })
    expect((await readingsOf(world, runId))[1]).toEqual(['closed', off])
  })
})
