import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { writerThreadFile } from '../../../src/app/package-paths.ts'
import { canonicalJson } from '../../../src/domain/json.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Step } from '../../../src/domain/step.ts'
import type { Batch, StepOutcome } from '../../../src/store/sqlite/execute-statements.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { packSteps, unpackSteps } from '../../../src/store/sqlite/pack-steps.ts'
import { openWriterClient, type WriterClient } from '../../../src/store/sqlite/writer-client.ts'
import { openerProgram } from '../processes/openers.ts'
import { anEffect, atGate, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aFolder, aStoreFile, migrationsDirectory, removeFolders } from '../store-folders.ts'

const close: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of close.splice(0)) await end()
  removeFolders()
})

async function aWriter() {
  const options = aStoreFile()
  const store = openRunStore(options)
  const writer = openWriterClient(options, writerThreadFile())
  close.push(writer.close, store.close)
  return { store, writer }
}

const batchOf = (...steps: Step[]): Batch => ({
  steps: packSteps(steps.map((step) => ({ step, lease: mine }))),
  singles: [],
  mayBeLost: false,
})

/** Asks until the thread is there: before that the caller saves by itself. */
async function saved(writer: WriterClient, ...steps: Step[]): Promise<StepOutcome[]> {
  for (;;) {
    const outcomes = writer.save(batchOf(...steps))
    if (outcomes !== null) return (await outcomes).steps
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const made = async (writer: WriterClient, changes?: { run: Partial<Run> }) => {
  const step = firstStep(changes)
  expect(await saved(writer, step)).toEqual([null])
  return step.run
}

describe('packed steps', () => {
  test('have everything that the statements of each step bind', async () => {
    const start = firstStep({ run: { startKey: 'k' } })
    const after = stepAfter(start.run, {
      run: { ...atGate(start.run), output: { units: 60 }, workedMs: 9 },
      effectDone: 'source_pin',
      effectsAsked: [anEffect('a'), anEffect('b')],
      approvalUsed: 'ap-1',
    })
    const [first, second] = unpackSteps(packSteps([start, after].map((step) => ({ step, lease: mine }))))
    expect(first).toMatchObject({
      ...{ runId: start.run.runId, seq: 1, hash: start.entry.hash, status: 'working', phase: 'source_pin' },
      ...{
        asked: 'source_pin',
        askedName: 'source_pin',
        askedInput: '{"of":"source_pin"}',
        effectDone: null,
      },
      ...{ owner: canonicalJson(mine.owner), leaseUntil: mine.until, rest: { made: { start_key: 'k' } } },
    })
    expect(second).toMatchObject({
      ...{ runId: start.run.runId, seq: 2, at: after.entry.at, by: 'engine', state: after.run.state },
      ...{ status: 'paused', stopCode: 'STOP_APPROVAL_REQUIRED', stop: null, outcome: null, phase: null },
      ...{ gate: 'SG1', gateSeq: after.run.gateSeq, gateHead: after.run.gateHead, approvalUsed: 'ap-1' },
      ...{ snapshot: after.run.snapshot, snapshotDigest: after.run.snapshotDigest, output: '{"units":60}' },
      ...{
        planDigest: after.run.planDigest,
        workedMs: 9,
        event: '{"type":"TICK"}',
        effectDone: 'source_pin',
      },
      ...{ previousHash: start.entry.hash, hash: after.entry.hash, asked: 'a' },
      rest: { made: null, alsoAsked: [{ asked: 'b' }] },
    })
  })
})

describe('the writer thread', () => {
  test('has saved a step when it answers', async () => {
    const { store, writer } = await aWriter()
    const run = await made(writer)
    const step = stepAfter(run, { effectDone: 'source_pin', effectsAsked: [anEffect('a'), anEffect('b')] })
    expect(await saved(writer, step, stepAfter(step.run))).toEqual([null, null])
    expect(await store.history(run.runId)).toHaveLength(3)
    expect((await store.effects(run.runId)).map(({ invokeId }) => invokeId)).toEqual(['a', 'b'])
  })

  test('refuses a late step and a used key, and saves the other steps', async () => {
    const { store, writer } = await aWriter()
    const run = await made(writer, { run: { startKey: 'k' } })
    const twin = firstStep({ run: { startKey: 'k' } })
    const late = stepAfter({ ...run, seq: 7 })
    expect(await saved(writer, late, twin, stepAfter(run))).toEqual([
      { must: 'change', refusal: 'another process changed it in the meantime' },
      { must: 'find-nothing', refusal: null },
      null,
    ])
    expect((await store.run(run.runId))?.seq).toBe(2)
    expect(await store.run(twin.run.runId)).toBeNull()
  })

  test('reports the error of SQLite for a step', async () => {
    const { writer } = await aWriter()
    const run = await made(writer)
    expect(await saved(writer, stepAfter(run, { run: { workedMs: -1 } }))).toEqual([
      {
        code: 'SQLITE_CONSTRAINT_CHECK',
        message: expect.stringContaining('worked_ms_is_positive'),
      },
    ])
  })

  test('saves one batch at a time', async () => {
    const { writer } = await aWriter()
    const run = await made(writer)
    const first = writer.save(batchOf(stepAfter(run)))
    expect(first).not.toBeNull()
    expect(writer.save(batchOf(firstStep()))).toBeNull()
    expect(await first).toEqual({ steps: [null], singles: [] })
  })

  test('takes no batch when it can’t open the file, or has ended', async () => {
    const broken = openWriterClient({ ...aStoreFile(), file: '/proc/nowhere/cutter.db' }, writerThreadFile())
    await broken.close()
    expect(broken.save(batchOf(firstStep()))).toBeNull()
    const { writer } = await aWriter()
    await made(writer)
    await writer.close()
    expect(writer.save(batchOf(firstStep()))).toBeNull()
  })

  test('keeps its process alive until its batch is saved and its file is closed', async () => {
    const { file } = aStoreFile()
    const program = await openerProgram('closer.ts')
    const child = spawnSync(process.execPath, [program, file, migrationsDirectory, writerThreadFile()], {
      encoding: 'utf8',
    })
    expect({ code: child.status, printed: child.stdout, stderr: child.stderr }).toEqual({
      code: 0,
      printed: 'closed 32\n',
      stderr: '',
    })
  })

  test('that ends during a batch fails the batch, and the next batch is saved without it', async () => {
    const options = aStoreFile()
    const lost = join(aFolder(), 'lost.cjs')
    writeFileSync(
      lost,
      "const { parentPort } = require('node:worker_threads'); parentPort.on('message', () => process.exit(7)); parentPort.postMessage('ready')",
    )
    const store = openRunStore({ ...options, writerThread: lost })
    close.push(store.close)
    const batch = () => Array.from({ length: 16 }, () => ({ step: firstStep(), lease: mine }))
    await store.saveAll(batch())
    await new Promise((resolve) => setTimeout(resolve, 500))
    await expect(store.saveAll(batch())).rejects.toMatchObject({
      code: 'STORE_UNWRITABLE',
      message: expect.stringContaining(`is either complete in`),
    })
    const saved = await store.saveAll(batch())
    expect(saved.every(({ status }) => status === 'fulfilled')).toBe(true)
  })
})
