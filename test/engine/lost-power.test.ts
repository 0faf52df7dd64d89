import { copyFileSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import { loadRun } from '../../src/engine/load-run.ts'
import { mayBeLost } from '../../src/engine/may-be-lost.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { approvalFor, aWorld, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { firstStep, stepAfter } from '../store/step-fixture.ts'
import { aFolder, removeFolders } from '../store/store-folders.ts'

/**
 * A loss of power keeps what was synced, and any part of what was written since. The journal is cut at every frame that may then be its end:
 * what somebody was answered is there, the record holds, and the run comes to the same end.
 */

afterAll(removeFolders)

const journalOf = ({ file }: World) => `${file}-wal`
const size = (world: World) => statSync(journalOf(world)).size

/** A world, and how much of its journal is on the disk. */
function aSyncedWorld() {
  const world = aWorld(succeeds)
  let synced = 0
  let lost = 0
  const noting =
    <Given extends unknown[], Result>(
      work: (...given: Given) => Promise<Result>,
      isSynced: (...given: Given) => boolean,
    ) =>
    async (...given: Given): Promise<Result> => {
      const result = await work(...given)
      if (isSynced(...given)) synced = size(world)
      else lost += 1
      return result
    }
  const { create, advance, saveApproval } = world.store
  const store: Partial<RunStore> = {
    create: noting(create, () => true),
    advance: noting(advance, (_step, _lease, how) => how?.mayBeLost !== true),
    saveApproval: noting(saveApproval, () => true),
  }
  Object.assign(world.parts.store, store)
  return { world, synced: () => synced, lost: () => lost }
}

test('what was answered outlives a loss of power at every frame, and the run comes to its end', async () => {
  const { world, synced, lost } = aSyncedWorld()
  const answers: { synced: number; run: Run; approvals: number }[] = []
  const answered = (run: Run, approvals: number) => answers.push({ synced: synced(), run, approvals })
  let run = await start(world)
  answered(run, 0)
  for (let gate = 1; gate <= 2; gate += 1) {
    const { approvalId } = await approvalFor(world, run)
    answered(run, gate)
    run = await world.engine.resume(run.runId, { approvalId })
    answered(run, gate)
  }
  expect(run).toMatchObject({ status: 'closed', outcome: 'succeeded' })
  expect(lost()).toBeGreaterThan(4)

  const folder = aFolder()
  const frame = 24 + readFileSync(journalOf(world)).readUInt32BE(8)
  const ends = new Set<string>()
  let cuts = 0
  for (let end = answers[0]!.synced; end <= size(world); end += frame) {
    const file = join(folder, `${end}.db`)
    copyFileSync(world.file, file)
    copyFileSync(journalOf(world), `${file}-wal`)
    truncateSync(`${file}-wal`, end)
    const after = aWorld(succeeds, { file })
    const { run: answer, approvals } = answers.findLast((one) => one.synced <= end)!
    const found = await loadRun(after.parts, run.runId)
    expect(found.seq, `cut at ${end}`).toBeGreaterThanOrEqual(answer.seq)
    expect((await after.store.history(run.runId))[answer.seq - 1]?.hash).toBe(answer.head)
    expect((await after.store.approvals(run.runId)).length).toBeGreaterThanOrEqual(approvals)
    const known = `${found.seq} ${(await after.store.approvals(run.runId)).length}`
    // A cut within a transaction leaves what the one before it left.
    if (!ends.has(known))
      expect(await toTheEnd(after, found)).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    ends.add(known)
    await after.store.close()
    cuts += 1
  }
  expect(cuts).toBeGreaterThan(20)
  expect(ends.size).toBeGreaterThan(10)
  await world.store.close()
})

async function toTheEnd(world: World, found: Run): Promise<Run> {
  // The process that worked before is gone.
  world.parts.ownerAlive = () => false
  let run = found.status === 'working' ? await world.engine.resume(found.runId, {}) : found
  while (run.status === 'paused') {
    const unused = (await world.store.approvals(run.runId)).find(
      ({ usedSeq, statement }) => usedSeq === null && statement.gate === run.gate,
    )
    const { approvalId } = unused ?? (await approvalFor(world, run))
    run = await world.engine.resume(run.runId, { approvalId })
  }
  return run
}

const effects = { look: { kind: 'read' }, change: { kind: 'write' } } as never
const asks = (...names: string[]) => names.map((name) => ({ invokeId: name, name, input: {} }))
const run = firstStep().run

test.each([
  ['a read after a read', { effectsAsked: asks('look') }, 'look', true],
  [
    'a decision that asks for a read',
    { effectsAsked: asks('look'), event: { type: 'APPROVE' } },
    undefined,
    true,
  ],
  ['a read after a write', { effectsAsked: asks('look') }, 'change', false],
  ['a write after a read', { effectsAsked: asks('change') }, 'look', false],
  ['a write and a read', { effectsAsked: asks('look', 'change') }, 'look', false],
  ['an effect that nobody knows', { effectsAsked: asks('gone') }, 'look', false],
  ['nothing after a read', {}, 'look', false],
  ['a step that uses an approval', { effectsAsked: asks('look'), approvalUsed: 'ap-1' }, 'look', false],
  ['a pause', { effectsAsked: asks('look'), run: { status: 'paused' as const } }, 'look', false],
  ['the end', { effectsAsked: asks('look'), run: { status: 'closed' as const } }, 'look', false],
  ['a stop', { effectsAsked: asks('look'), run: { status: 'stopped' as const } }, 'look', false],
  [
    'a timer',
    {
      effectsAsked: asks('look'),
      timersAsked: [{ timerId: 't', dueAt: '2026-03-01T09:00:00Z', event: { type: 'T' } }],
    },
    'look',
    false,
  ],
])('%s', (_, changes, done, expected) => {
  const step = stepAfter(run, changes as never)
  expect(mayBeLost({}, { effects }, step, done)).toBe(expected)
  // Who was shown a step must find it again.
  expect(mayBeLost({ isFollowed: true }, { effects }, step, done)).toBe(false)
})
