import { afterEach, describe, expect, test } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import type { Step } from '../../src/domain/step.ts'
import { writerThread } from '../../src/package-root.ts'
import type { Outcome } from '../../src/store/perform.ts'
import { openRunStore } from '../../src/store/run-store.ts'
import { stepRow } from '../../src/store/step-row.ts'
import { openWriter, type Writer } from '../../src/store/writer.ts'
import { aStoreFile, removeFolders } from './folders.ts'
import { anEffect, firstStep, mine, stepAfter } from './steps.ts'

const close: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of close.splice(0)) await end()
  removeFolders()
})

async function aWriter() {
  const options = aStoreFile()
  const store = openRunStore(options)
  const writer = openWriter(options, writerThread())
  close.push(writer.close, store.close)
  return { store, writer }
}

/** Asks until the thread is there: before that the caller saves by itself. */
async function saved(writer: Writer, ...steps: Step[]): Promise<Outcome[]> {
  const rows = steps.map((step) => stepRow(step, mine))
  for (;;) {
    const outcomes = writer.save(rows)
    if (outcomes !== null) return outcomes
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const made = async (writer: Writer, changes?: { run: Partial<Run> }) => {
  const step = firstStep(changes)
  expect(await saved(writer, step)).toEqual([null])
  return step.run
}

describe('the thread that saves steps', () => {
  test('has saved a step when it answers: whoever reads then reads it', async () => {
    const { store, writer } = await aWriter()
    const run = await made(writer)
    const step = stepAfter(run, { effectDone: 'source_pin', effectsAsked: [anEffect('a'), anEffect('b')] })
    expect(await saved(writer, step, stepAfter(step.run))).toEqual([null, null])
    expect(await store.history(run.runId)).toHaveLength(3)
    expect((await store.effects(run.runId)).map(({ invokeId }) => invokeId)).toEqual(['a', 'b'])
  })

  test('refuses a step that comes too late, or whose key is taken, and saves its neighbours', async () => {
    const { store, writer } = await aWriter()
    const run = await made(writer, { run: { startKey: 'k' } })
    const twin = firstStep({ run: { startKey: 'k' } })
    const late = stepAfter({ ...run, seq: 7 })
    expect(await saved(writer, late, twin, stepAfter(run))).toEqual([
      { must: 'change', refusal: 'it has moved on since' },
      { must: 'find-nothing', refusal: null },
      null,
    ])
    expect((await store.run(run.runId))?.seq).toBe(2)
    expect(await store.run(twin.run.runId)).toBeNull()
  })

  test('says what SQLite says against a step', async () => {
    const { writer } = await aWriter()
    const run = await made(writer)
    expect(await saved(writer, stepAfter(run, { run: { workedMs: -1 } }))).toEqual([
      {
        code: 'SQLITE_CONSTRAINT_CHECK',
        message: expect.stringContaining('worked_ms_is_positive'),
      },
    ])
  })

  test('has one batch at a time', async () => {
    const { writer } = await aWriter()
    const run = await made(writer)
    const first = writer.save([stepRow(stepAfter(run), mine)])
    expect(first).not.toBeNull()
    expect(writer.save([stepRow(firstStep(), mine)])).toBeNull()
    expect(await first).toEqual([null])
  })

  test('is not waited for when it can’t open the file, or has ended', async () => {
    const broken = openWriter({ ...aStoreFile(), file: '/proc/nowhere/cutter.db' }, writerThread())
    await broken.close()
    expect(broken.save([stepRow(firstStep(), mine)])).toBeNull()
    const { writer } = await aWriter()
    await made(writer)
    await writer.close()
    expect(writer.save([stepRow(firstStep(), mine)])).toBeNull()
  })
})
