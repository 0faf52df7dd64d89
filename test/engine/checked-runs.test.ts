import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { digestOfBytes } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { CheckedRuns } from '../../src/engine/checked-runs.ts'
import { loadRun, loadRunRecord } from '../../src/engine/load-run.ts'
import { verifyReplay } from '../../src/engine/verify-run.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { approvalFor, start, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { approved, atSecondGate, aWorldWithPolicies, edit } from './edited-store.ts'

/** A process that has checked a run reads and checks only what came after. A process that begins checks everything. */

let world: World
afterEach(() => world.store.close())
afterAll(removeFolders)

/** A world whose process keeps what it checked; `read` counts the entries that it asks its store for. */
function aWatchedWorld() {
  world = aWorldWithPolicies()
  const read: number[] = []
  const { storedRun } = world.store
  const counting: RunStore['storedRun'] = async (runId, since) => {
    const found = await storedRun(runId, since)
    read.push(found?.history.length ?? 0)
    return found
  }
  Object.assign(world.parts.store, { storedRun: counting })
  world.parts.checked = new CheckedRuns()
  return { read, asks: () => read.splice(0).reduce((sum, entries) => sum + entries, 0) }
}

const cold = (runId: string) => {
  const { checked: _, ...parts } = world.parts
  return loadRun(parts, runId)
}

describe('a run that this process has checked', () => {
  test('each entry is read and checked once, and a cold process reads all', async () => {
    const { read, asks } = aWatchedWorld()
    const run = await start(world)
    await loadRun(world.parts, run.runId)
    expect(asks()).toBe(run.seq)
    await loadRun(world.parts, run.runId)
    expect(asks()).toBe(0)
    const second = await approved(world, run)
    expect(asks()).toBe(0)
    await loadRun(world.parts, run.runId)
    expect(asks()).toBe(second.seq - run.seq)
    await cold(run.runId)
    expect(asks()).toBe(second.seq)
    expect(read).toEqual([])
  })

  const laterEdits: [what: string, why: string, statement: (since: number) => string][] = [
    [
      'an entry',
      'was edited',
      (since) =>
        `update history set event = json_set(unpacked(event), '$.output', 7) where run_id = @id and seq = ${since + 1}`,
    ],
    [
      'an entry that is gone',
      'is missing',
      (since) => `delete from history where run_id = @id and seq = ${since + 1}`,
    ],
    [
      'evidence',
      'the evidence',
      (since) =>
        `update evidence set bytes = cast('x' as blob) where digest in (select digest from run_evidence where run_id = @id and seq > ${since})`,
    ],
    ['the snapshot', 'its snapshot was edited', () => "update runs set snapshot = '{}' where run_id = @id"],
    ['the status', 'its row', () => "update runs set gate = 'SG1' where run_id = @id"],
    [
      'what somebody approved',
      'was edited',
      () =>
        "update approvals set statement_text = replace(statement_text, 'agreed', 'refused') where run_id = @id and used_seq is not null",
    ],
  ]
  test.each(laterEdits)('what came after is checked as ever: %s', async (_, why, statement) => {
    aWatchedWorld()
    const run = await start(world)
    await loadRun(world.parts, run.runId)
    await approved(world, run)
    edit(world, run.runId, statement(run.seq))
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject({
      code: 'STORE_TAMPERED',
      message: expect.stringContaining(why),
    })
  })

  test('the row of the run and what is in flight are compared with the replay of all entries', async () => {
    aWatchedWorld()
    const run = await atSecondGate(world)
    await loadRun(world.parts, run.runId)
    edit(world, run.runId, "update runs set phase = 'cut_leg_a' where run_id = @id")
    await expect(approved(world, run)).rejects.toMatchObject({ code: 'STORE_TAMPERED' })
  })

  test('an edit of what was checked before is found by the next process', async () => {
    aWatchedWorld()
    const run = await atSecondGate(world)
    await loadRun(world.parts, run.runId)
    edit(world, run.runId, "update history set by = 'nobody' where run_id = @id and seq = 2")
    await expect(cold(run.runId)).rejects.toMatchObject({ message: expect.stringContaining('entry 2') })
  })

  test('the first facts of the run are compared each time', async () => {
    aWatchedWorld()
    const run = await atSecondGate(world)
    await loadRun(world.parts, run.runId)
    edit(
      world,
      run.runId,
      "update runs set input = json_set(input, '$.document', 'OTHER') where run_id = @id",
    )
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject({
      message: expect.stringContaining('facts'),
    })
  })

  test('a run whose store was replaced by a good copy of another history is checked from its first entry', async () => {
    const { asks } = aWatchedWorld()
    const run = await atSecondGate(world)
    const known = world.parts.checked!
    await loadRun(world.parts, run.runId)
    const other = known.history(run.runId).map((entry) => ({ ...entry, hash: digestOfBytes(entry.hash) }))
    known.keep({ run, history: other } as never)
    asks()
    expect(await loadRun(world.parts, run.runId)).toMatchObject({ seq: run.seq })
    expect(asks()).toBe(run.seq)
  })
})

describe('what is kept', () => {
  const history = (seq: number) => Array.from({ length: seq }, () => ({ event: { type: 'TICK' } }))
  const record = (runId: string, status = 'paused') =>
    ({ run: { runId, status }, history: history(3) }) as never

  test('is bounded, and ends with the run', () => {
    const checked = new CheckedRuns()
    for (let n = 0; n < 600; n += 1) checked.keep(record(`run-${n}`))
    expect(checked.history('run-0')).toEqual([])
    expect(checked.history('run-599')).toHaveLength(3)
    checked.keep(record('run-599', 'closed'))
    expect(checked.history('run-599')).toEqual([])
  })

  test('a replay counts for the definition that it was made with', async () => {
    aWatchedWorld()
    const run = await atSecondGate(world)
    await approvalFor(world, run)
    await loadRun(world.parts, run.runId)
    const history = world.parts.checked!.history(run.runId)
    const replayed = world.parts.checked!.replayed(run, history)
    expect(replayed?.run.runId).toBe(run.runId)
    expect(
      world.parts.checked!.replayed({ ...run, definitionDigest: 'sha256:other' } as Run, history),
    ).toBeNull()
  })

  test('a replay counts for the history that it was made with', async () => {
    aWatchedWorld()
    const run = await atSecondGate(world)
    await loadRun(world.parts, run.runId)
    const history = world.parts.checked!.history(run.runId)
    const other = history.map((entry) => ({ ...entry, hash: digestOfBytes(entry.hash) }))
    expect(world.parts.checked!.replayed(run, other)).toBeNull()
  })

  test('what this process made itself is what a replay of the stored entries gives', async () => {
    aWatchedWorld()
    const run = await atSecondGate(world)
    await loadRun(world.parts, run.runId)
    const history = world.parts.checked!.history(run.runId)
    const own = world.parts.checked!.replayed(run, history)
    expect(own?.run.seq).toBe(run.seq)
    world.parts.checked = new CheckedRuns()
    await verifyReplay(world.parts, await loadRunRecord(world.parts, run.runId))
    const { run: replayed, asked } = world.parts.checked.replayed(run, history)!
    expect({ ...own!.run, workedMs: 0 }).toEqual({ ...replayed, workedMs: 0 })
    expect(own!.asked).toEqual(asked)
  })
})
