import { chmodSync, copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openForReading } from '../../../src/store/sqlite/open-for-reading.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine } from '../step-fixture.ts'
import { aFolder, aStoreFile, removeFolders } from '../store-folders.ts'

afterEach(removeFolders)

const { migrationsDirectory } = aStoreFile()
const leftCopies = () => readdirSync(tmpdir()).filter((name) => name.startsWith('cutter-store-'))
const countRuns = (file: string) =>
  openForReading(file, migrationsDirectory).prepare('select count(*) as n from runs').get()

/** A store of one run that another process has open, so that its newest steps are in the WAL alone. */
async function anOpenStore() {
  const options = aStoreFile()
  const store = openRunStore(options)
  const step = firstStep()
  await store.create(step, mine)
  return { ...options, store, step }
}

describe('openForReading', () => {
  test('openForReading shows a store that another process has open, and every later step', async () => {
    const { file, store } = await anOpenStore()
    expect(countRuns(file)).toEqual({ n: 1 })
    await store.close()
  })

  test('openForReading reads what is in the WAL alone, and leaves no copy and no other file', async () => {
    const { file, store } = await anOpenStore()
    const folder = aFolder()
    const cold = join(folder, 'cutter.db')
    for (const suffix of ['', '-wal']) copyFileSync(`${file}${suffix}`, `${cold}${suffix}`)
    await store.close()
    const before = readFileSync(cold)
    chmodSync(folder, 0o555)
    const copies = leftCopies()
    const db = openForReading(cold, migrationsDirectory)
    expect(db.prepare('select count(*) as n from runs').get()).toEqual({ n: 1 })
    expect(() => db.exec("delete from timers where run_id = 'x'")).toThrow(/readonly/)
    chmodSync(folder, 0o755)
    expect(readFileSync(cold).equals(before)).toBe(true)
    expect(dirname(cold)).toBe(folder)
    expect(leftCopies()).toEqual(copies)
  })
})
