import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import { type ListedWaits, readCursor, readWaits, writeCursor } from '../../src/service/inbox-pages.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { atGate, firstStep, mine, stepAfter } from '../store/step-fixture.ts'
import { aStoreFile, removeFolders, withDatabase } from '../store/store-folders.ts'

let store: RunStore
const options = aStoreFile()
beforeEach(() => {
  Object.assign(options, aStoreFile())
  store = openRunStore(options)
})
afterEach(async () => {
  await store.close()
  removeFolders()
})

const STOPPED = {
  ...{ status: 'stopped', stopCode: 'FAILED', stop: { code: 'FAILED', message: 'it failed' }, phase: null },
} as unknown as Partial<Run>

/** A run that waits since a minute. */
async function waiting(runId: string, minute: number, status: 'paused' | 'stopped', mode: Run['mode']) {
  const begun = firstStep({ run: { runId, mode } })
  await store.create(begun, mine)
  const updatedAt = `2026-03-01T09:${String(minute).padStart(2, '0')}:00.000Z`
  const arrival = { ...atGate(begun.run), mode, gateSeq: 2, gateHead: begun.run.head } as Partial<Run>
  const changes = { ...(status === 'paused' ? arrival : STOPPED), updatedAt } as Partial<Run>
  await store.advance(stepAfter(begun.run, { run: changes }), mine)
}

/** The ids of each page, up to the last one. */
async function pagesOf(limit: number): Promise<string[][]> {
  const pages: string[][] = []
  let page: ListedWaits = { waits: [], places: {}, isLast: false }
  while (!page.isLast) {
    page = await readWaits(store, { places: readCursor(writeCursor(page.places)), limit })
    pages.push(page.waits.map(({ runId }) => runId))
  }
  return pages
}

describe('the pages of an inbox', () => {
  test('have live gates before dry runs, and stopped runs from the first page on, each with the longest wait first', async () => {
    await waiting('dry-new', 9, 'paused', 'dry-run')
    await waiting('dry-old', 1, 'paused', 'dry-run')
    for (const [runId, minute] of [
      ['c', 7],
      ['b', 5],
      ['a', 8],
    ] as const)
      await waiting(runId, minute, 'paused', 'live')
    await waiting('stopped-new', 6, 'stopped', 'live')
    await waiting('stopped-dry', 2, 'stopped', 'dry-run')
    await waiting('stopped-old', 4, 'stopped', 'live')
    expect(await pagesOf(2)).toEqual([
      ['b', 'c', 'stopped-old', 'stopped-new'],
      ['a', 'dry-old', 'stopped-dry'],
      ['dry-new'],
    ])
    expect(await pagesOf(9)).toEqual([
      ['b', 'c', 'a', 'dry-old', 'dry-new', 'stopped-old', 'stopped-new', 'stopped-dry'],
    ])
  })

  test.each([1, 2, 3, 7, 8])(
    'of %i runs at most name each run once, also where all wait since the same time',
    async (limit) => {
      for (let n = 0; n < 7; n += 1) await waiting(`run-${n}`, 3, 'paused', 'live')
      const pages = await pagesOf(limit)
      expect(pages.flat()).toEqual(Array.from({ length: 7 }, (_, n) => `run-${n}`))
      expect(pages).toHaveLength(Math.ceil(7 / limit))
    },
  )

  test('go past runs that can’t be trusted', async () => {
    for (let n = 0; n < 9; n += 1) await waiting(`run-${n}`, n, 'paused', 'live')
    withDatabase(options.file, (db) => db.exec("update runs set snapshot = '{}' where run_id < 'run-7'"))
    expect(await pagesOf(1)).toEqual([['run-7'], ['run-8']])
  })

  test('have one empty page where nothing waits', async () => {
    expect(await pagesOf(3)).toEqual([[]])
  })

  test.each(['', 'x', Buffer.from('{"other":1}').toString('base64url')])('refuse the cursor %j', (cursor) => {
    expect(() => readCursor(cursor)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
