import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Home, openHome } from '../../src/app/open-home.ts'
import { readInbox } from '../../src/service/inbox.ts'
import { startRun } from '../../src/service/runs/start.ts'
import { addClones } from '../bench/clone-runs.ts'
import { WAITER } from '../bench/waiter.ts'

/** More runs than are counted. */
const MANY = 1_050

let folder: string
let oldest: string
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-inbox-')))
  writeFileSync(join(folder, 'waiter.ts'), WAITER)
  writeFileSync(join(folder, 'cutter.yaml'), 'machines: { waiter: ./waiter.ts }\n')
  const record = await inHome(async (home) => {
    const start = (id: string) =>
      startRun(home, { machine: 'waiter', input: { id }, mode: 'dry-run', key: id })
    oldest = (await start('oldest')).runId
    return (await home.store.storedRun((await start('later')).runId))!
  })
  addClones(folder, record, { from: 1, to: MANY })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function inHome<Result>(work: (home: Home) => Promise<Result>): Promise<Result> {
  const interrupt = new AbortController().signal
  const home = openHome({ home: folder, cwd: folder, env: process.env, interrupt })
  try {
    return await work(home)
  } finally {
    await home.close()
  }
}

test('an inbox of many runs begins with the longest wait, says that more wait, and continues', async () => {
  const [first, second] = await inHome(async (home) => {
    const first = await readInbox(home)
    return [first, await readInbox(home, { cursor: first.next! })]
  })
  expect(first.items[0]!.runId).toBe(oldest)
  expect(first.items).toHaveLength(100)
  expect([first.more, first.working]).toEqual([951, 0])
  expect(second.items).toHaveLength(100)
  const named = new Set([...first.items, ...second.items].map(({ runId }) => runId))
  expect(named.size).toBe(200)
  const waits = [...first.items, ...second.items].map(({ since }) => since)
  expect(waits).toEqual(waits.toSorted())
})
