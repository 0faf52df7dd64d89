import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { writerThreadFile } from '../../src/app/package-paths.ts'
import { bytesEvidence } from '../../src/domain/evidence.ts'
import type { Run } from '../../src/domain/run.ts'
import { withGroupCommit } from '../../src/store/group-commit.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { anApproval, firstStep, mine, stepAfter, UNTIL } from './step-fixture.ts'
import { aStoreFile, removeFolders, withDatabase } from './store-folders.ts'

const close: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of close.splice(0)) await end()
  removeFolders()
})

async function aGroupedStore(count: number, runsAtWork = count) {
  const options = aStoreFile()
  const plain = openRunStore(options)
  close.push(plain.close)
  const runs: Run[] = []
  for (let n = 0; n < count; n++) {
    const step = firstStep()
    await plain.create(step, mine)
    runs.push(step.run)
  }
  return { file: options.file, plain, store: withGroupCommit(plain, () => runsAtWork), runs }
}

/** From now on a step of the run breaks its transaction; `repair` ends that. */
function breakable(file: string, { runId }: Run) {
  const trigger = `create trigger fails before insert on history when new.run_id = '${runId}' begin
    select json('{');
  end`
  withDatabase(file, (db) => db.exec(trigger))
  return { repair: () => withDatabase(file, (db) => db.exec('drop trigger fails')) }
}

/** Empties the journal, so that from now on it holds what is committed from now on. */
const emptyJournal = (file: string) =>
  withDatabase(file, (db) => {
    expect(db.pragma('wal_checkpoint(truncate)')).toMatchObject([{ busy: 0 }])
  })

/** Transactions in the journal: a frame that ends one says how many pages the file has then (sqlite.org/fileformat2, 4.1). */
function commitsIn(file: string): number {
  const journal = readFileSync(`${file}-wal`)
  const frame = 24 + journal.readUInt32BE(8)
  let commits = 0
  for (let at = 32; at + frame <= journal.length; at += frame) {
    if (journal.readUInt32BE(at + 4) !== 0) commits += 1
  }
  return commits
}

const seqOf = (file: string, { runId }: Run) =>
  withDatabase(file, (db) => db.prepare('select seq from runs where run_id = ?').pluck().get(runId))

describe('group commit of many runs', () => {
  test('saves the steps of one turn of the loop in one transaction', async () => {
    const { file, store, runs } = await aGroupedStore(50)
    emptyJournal(file)
    const steps = runs.map((run) => stepAfter(run))
    await Promise.all(steps.map((step) => store.advance(step, mine)))
    expect(commitsIn(file)).toBe(1)
    for (const { run } of steps) expect(await store.run(run.runId)).toEqual(run)
  })

  test('is what shares the transaction: without it each step has its own', async () => {
    const { file, plain, runs } = await aGroupedStore(5)
    emptyJournal(file)
    await Promise.all(runs.map((run) => plain.advance(stepAfter(run), mine)))
    expect(commitsIn(file)).toBe(5)
  })

  test('saves the steps of a later turn in another transaction', async () => {
    const { file, store, runs } = await aGroupedStore(4)
    emptyJournal(file)
    await Promise.all(runs.slice(0, 2).map((run) => store.advance(stepAfter(run), mine)))
    await Promise.all(runs.slice(2).map((run) => store.advance(stepAfter(run), mine)))
    expect(commitsIn(file)).toBe(2)
  })

  test('saves the other steps when one is refused', async () => {
    const { store, runs } = await aGroupedStore(5)
    const stale = stepAfter(
      { ...runs[2]!, seq: 7 },
      { evidence: [bytesEvidence('e', 'text/plain', Buffer.from('e'))] },
    )
    const results = await Promise.allSettled(
      runs.map((run, index) => store.advance(index === 2 ? stale : stepAfter(run), mine)),
    )
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect(results[2]).toMatchObject({ reason: { code: 'STORE_CONFLICT' } })
    const seqs = await Promise.all(runs.map(async ({ runId }) => (await store.run(runId))?.seq))
    expect(seqs).toEqual([2, 2, 1, 2, 2])
    expect(await store.evidence(stale.evidence[0]!.digest)).toBeNull()
  })

  test('saves steps of one run in order, while each follows the one before', async () => {
    const { store, runs } = await aGroupedStore(2)
    const second = stepAfter(runs[0]!)
    const third = stepAfter(second.run)
    const results = await Promise.allSettled([second, third, second].map((step) => store.advance(step, mine)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(await store.history(runs[0]!.runId)).toHaveLength(3)
  })

  test('resolves when another connection can read the step, not earlier', async () => {
    const { file, store, runs } = await aGroupedStore(2)
    const pending = runs.map((run) => store.advance(stepAfter(run), mine).then(() => seqOf(file, run)))
    expect(runs.map((run) => seqOf(file, run))).toEqual([1, 1])
    expect(await Promise.all(pending)).toEqual([2, 2])
  })

  test('refuses all steps of a failed transaction, and saves the next ones', async () => {
    const { file, store, runs } = await aGroupedStore(4)
    const { repair } = breakable(file, runs[1]!)
    const advanceAll = () => Promise.allSettled(runs.map((run) => store.advance(stepAfter(run), mine)))
    expect((await advanceAll()).map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
    expect(runs.map((run) => seqOf(file, run))).toEqual([1, 1, 1, 1])
    repair()
    expect((await advanceAll()).map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'))
    expect(runs.map((run) => seqOf(file, run))).toEqual([2, 2, 2, 2])
  })

  test('saves the other steps when the schema refuses one', async () => {
    const { file, store, runs } = await aGroupedStore(4)
    const impossible = stepAfter(runs[1]!, { run: { workedMs: -1 } })
    const steps = runs.map((run, index) => (index === 1 ? impossible : stepAfter(run)))
    const results = await Promise.allSettled(steps.map((step) => store.advance(step, mine)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(runs.map((run) => seqOf(file, run))).toEqual([2, 1, 2, 2])
  })

  test('saves new runs in the same transaction', async () => {
    const { file, store, runs } = await aGroupedStore(2)
    const [made, twin] = [firstStep({ run: { startKey: 'k' } }), firstStep({ run: { startKey: 'k' } })]
    emptyJournal(file)
    const results = await Promise.allSettled([
      store.create(made, mine),
      ...runs.map((run) => store.advance(stepAfter(run), mine)),
    ])
    expect(results.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'))
    expect(commitsIn(file)).toBe(1)
    await expect(
      Promise.all([store.create(twin, mine), store.create(firstStep(), mine)]),
    ).rejects.toMatchObject({
      code: 'KEY_REUSED',
    })
    expect((await store.runByKey('k'))?.runId).toBe(made.run.runId)
    expect(await store.list({ limit: 9 })).toHaveLength(4)
  })
})

describe('group commit of what belongs to no step', () => {
  const module = { name: 'mine', path: '/home/mine.ts', startedAt: UNTIL }
  const hold = { kind: 'on', runId: null, reason: 'audit', by: 'alice', at: UNTIL } as const
  const signature = (runId: string) => ({
    ...{ runId, kind: 'instance', signer: 'cutter-instance@here', statementText: '{}' },
    ...{ signature: 'sig', publicKey: 'key', at: UNTIL },
  })

  test('shares the transaction of the steps', async () => {
    const { file, store, runs } = await aGroupedStore(3)
    const approval = anApproval(runs[1]!)
    emptyJournal(file)
    const [, , , , isNew] = await Promise.all([
      store.advance(stepAfter(runs[0]!), mine),
      store.saveApproval(approval),
      store.saveCloseoutSignature(signature(runs[2]!.runId) as never),
      store.recordHold(hold),
      store.rememberModule(module, { moved: false }),
    ])
    expect(commitsIn(file)).toBe(1)
    expect(isNew).toBe(true)
    expect(await store.approval(approval.approvalId)).toEqual(approval)
    expect(await store.closeoutSignatures(runs[2]!.runId)).toHaveLength(1)
    expect(await store.hold()).toMatchObject({ reason: 'audit' })
    expect(await store.machineModule('mine')).toEqual(module)
  })

  test('is saved when a step is refused, and refused alone', async () => {
    const { store, runs } = await aGroupedStore(3)
    const [kept, foreign] = [anApproval(runs[1]!), anApproval({ ...runs[1]!, runId: 'ictr-none' })]
    const late = stepAfter({ ...runs[0]!, seq: 7 })
    const results = await Promise.allSettled([
      store.advance(late, mine),
      store.saveApproval(kept),
      store.saveApproval(foreign),
      store.advance(stepAfter(runs[2]!), mine),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await store.approval(kept.approvalId)).toEqual(kept)
    expect(await store.approval(foreign.approvalId)).toBeNull()
  })
})

describe('group commit of more than 64 runs', () => {
  const aThreadedStore = async (count: number) => {
    const options = aStoreFile()
    const plain = openRunStore({ ...options, writerThread: writerThreadFile() })
    close.push(plain.close)
    const store = withGroupCommit(plain, () => count)
    const runs = Array.from({ length: count }, () => firstStep())
    await Promise.all(runs.map((step) => store.create(step, mine)))
    return { store, runs: runs.map(({ run }) => run) }
  }
  const onward = async (store: RunStore, from: Run, steps: number) => {
    let run = from
    for (let step = 0; step < steps; step += 1) {
      const after = stepAfter(run)
      await store.advance(after, mine)
      run = after.run
    }
    return run
  }

  test('saves one half while the other half works', async () => {
    const { file, store, runs } = await aGroupedStore(100)
    emptyJournal(file)
    await Promise.all(runs.map((run) => store.advance(stepAfter(run), mine)))
    expect(commitsIn(file)).toBe(2)
  })

  test('saves in a thread, each step before its answer', async () => {
    const { store, runs } = await aThreadedStore(64)
    const ends = await Promise.all(runs.map((run) => onward(store, run, 30)))
    for (const end of ends) expect(await store.run(end.runId)).toEqual(end)
  })

  test('refuses single steps in the thread with the same messages', async () => {
    const { store, runs } = await aThreadedStore(64)
    await Promise.all(runs.map((run) => onward(store, run, 30)))
    const again = await Promise.allSettled([
      ...runs.slice(1).map(async ({ runId }) => onward(store, (await store.run(runId))!, 1)),
      store.advance(stepAfter(runs[0]!), mine),
    ])
    expect(again.slice(0, -1).every(({ status }) => status === 'fulfilled')).toBe(true)
    expect(again.at(-1)).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'STORE_CONFLICT',
        message: expect.stringContaining('another process changed it in the meantime'),
      },
    })
  })
})

describe('group commit of a single run', () => {
  test('commits its step at once', async () => {
    const { file, store, runs } = await aGroupedStore(1)
    const saved = store.advance(stepAfter(runs[0]!), mine)
    expect(seqOf(file, runs[0]!)).toBe(2)
    await saved
  })

  test('does not overtake queued steps', async () => {
    const { plain, runs } = await aGroupedStore(2)
    let atWork = 2
    const store = withGroupCommit(plain, () => atWork)
    const order: number[] = []
    const first = store.advance(stepAfter(runs[0]!), mine).then(() => order.push(1))
    atWork = 1
    const second = store.advance(stepAfter(runs[1]!), mine).then(() => order.push(2))
    await Promise.all([first, second])
    expect(order).toEqual([1, 2])
  })
})
