import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eachRun } from '../../src/store/each-run.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine } from './step-fixture.ts'
import { aStoreFile, removeFolders, withDatabase } from './store-folders.ts'

/** Reading all runs of a store page by page, with runs that can't be trusted at each place of a page. */

let store: RunStore
let file: string
beforeEach(() => {
  const options = aStoreFile()
  file = options.file
  store = openRunStore(options)
})
afterEach(async () => {
  await store.close()
  removeFolders()
})

/** Starts so many runs, and spoils those of these numbers. Answers all ids, oldest first. */
async function runsOf(count: number, spoilt: number[]): Promise<string[]> {
  const runIds: string[] = []
  for (let number = 0; number < count; number++) {
    const startedAt = `2026-03-01T09:00:${String(number).padStart(2, '0')}.000Z`
    const step = firstStep({ run: { startedAt } })
    await store.create(step, mine)
    runIds.push(step.run.runId)
  }
  withDatabase(file, (db) => {
    const edit = db.prepare(`update runs set snapshot = '{}' where run_id = ?`)
    for (const number of spoilt) edit.run(runIds[number])
  })
  return runIds
}

describe('each run of a store', () => {
  test.each([
    ['of fewer runs than a page', 2, []],
    ['of exactly one page', 3, []],
    ['of exactly two pages', 6, []],
    ['of two pages and a part', 7, []],
    ['with a spoilt run that begins a page', 7, [3]],
    ['with a spoilt run that ends a page', 7, [4]],
    ['with a page of spoilt runs', 9, [3, 4, 5]],
    ['with spoilt runs at the end', 7, [0, 1]],
    ['of spoilt runs', 4, [0, 1, 2, 3]],
    ['of none', 0, []],
  ] as const)('is read once, and named once when it is spoilt, %s', async (_, count, spoilt) => {
    const runIds = await runsOf(count, [...spoilt])
    const named: string[] = []
    const found: string[] = []
    const onTampered = ({ message }: Error) => void named.push(message)
    for await (const { runId } of eachRun(store, { onTampered }, 3)) found.push(runId)
    const isSpoilt = (number: number) => (spoilt as readonly number[]).includes(number)
    expect(found).toEqual(runIds.filter((_, number) => !isSpoilt(number)).toReversed())
    expect(named.toSorted()).toEqual(
      spoilt.map((number) => expect.stringContaining(runIds[number]!)).toSorted(),
    )
  })

  test('throws the error of a spoilt run where nobody takes it', async () => {
    await runsOf(4, [0])
    const read = async () => {
      for await (const _ of eachRun(store, {}, 3));
    }
    await expect(read()).rejects.toMatchObject({ code: 'STORE_TAMPERED' })
  })
})
