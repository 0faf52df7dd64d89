import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { copyDatabase } from '../../../src/store/sqlite/copy-database.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine } from '../step-fixture.ts'
import { aFolder, aStoreFile, migrationsDirectory, removeFolders, withDatabase } from '../store-folders.ts'

afterEach(removeFolders)

/** File and WAL of a store with one run as they lie on the disk while its process runs, in a folder of their own. */
async function copied(): Promise<string> {
  const options = aStoreFile()
  const store = openRunStore(options)
  await store.create(firstStep(), mine)
  const file = join(aFolder(), 'cutter.db')
  for (const end of ['', '-wal']) copyFileSync(`${options.file}${end}`, `${file}${end}`)
  await store.close()
  return file
}

async function countRuns(file: string): Promise<number> {
  const store = openRunStore({ file, migrationsDirectory })
  const runs = await store.list({ limit: 10 })
  await store.close()
  return runs.length
}

const bytesOf = (file: string) => ['', '-wal'].map((end) => readFileSync(`${file}${end}`))

describe('the WAL of a store', () => {
  test('is taken in when file and WAL were copied together', async () => {
    expect(await countRuns(await copied())).toBe(1)
  })

  test.each([
    ['of another store', async (file: string) => copyFileSync(`${await copied()}-wal`, `${file}-wal`)],
    [
      'of the store, next to a backup that replaced its file',
      async (file: string) => {
        const backup = join(aFolder(), 'backup.db')
        const other = await copied()
        copyDatabase(other, backup)
        copyFileSync(backup, file)
      },
    ],
    ['next to an empty file', async (file: string) => writeFileSync(file, '')],
  ])('%s is refused, and nothing is changed', async (_, spoil) => {
    const file = await copied()
    await spoil(file)
    const before = bytesOf(file)
    expect(() => openRunStore({ file, migrationsDirectory })).toThrowError(
      expect.objectContaining({
        code: 'STORE_CORRUPT',
        message: expect.stringContaining('nothing was changed'),
        next: expect.stringContaining('-wal'),
      }),
    )
    expect(bytesOf(file)).toEqual(before)
  })

  test('of a store of an earlier version, which has no number, is taken in', async () => {
    const file = await copied()
    expect(await countRuns(file)).toBe(1)
    withDatabase(file, (db) => db.pragma('application_id = 0'))
    expect(await countRuns(file)).toBe(1)
    expect(withDatabase(file, (db) => db.pragma('application_id', { simple: true }))).toBeGreaterThan(0)
  })

  test('is known by a number that a copy does not share', async () => {
    const file = await copied()
    const copy = join(aFolder(), 'copy.db')
    copyDatabase(file, copy)
    const [own, other] = [file, copy].map((path) =>
      withDatabase(path, (db) => db.pragma('application_id', { simple: true })),
    )
    expect(own).not.toBe(other)
    expect(await countRuns(copy)).toBe(1)
  })
})
