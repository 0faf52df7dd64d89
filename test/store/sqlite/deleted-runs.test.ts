import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine } from '../step-fixture.ts'
import { aFolder, aStoreFile, migrationsDirectory, removeFolders, withDatabase } from '../store-folders.ts'

afterAll(removeFolders)

/** A store with two runs and then 5,000 entries, so that neither run is among the newest. `edit` deletes the first run by hand. */
async function aLongStore(edit: (db: Database, runId: string) => void, migrations = migrationsDirectory) {
  const { file } = aStoreFile()
  const steps = [firstStep(), firstStep()]
  const store = openRunStore({ file, migrationsDirectory: migrations })
  for (const step of steps) await store.create(step, mine)
  await store.close()
  const [gone, stays] = steps.map(({ run }) => run.runId) as [string, string]
  withDatabase(file, (db) => {
    db.prepare(
      `insert into history (previous_id, run_id, seq, at, event, by, state, status, snapshot_digest, hash)
         select 2, run_id, value + 1, at, event, by, state, status, snapshot_digest, hash
         from history, generate where run_id = @stays and seq = 1`.replace(
        'generate',
        '(with recursive one(value) as (select 1 union all select value + 1 from one limit 5000) select * from one)',
      ),
    ).run({ stays })
    db.pragma('foreign_keys = off')
    edit(db, gone)
  })
  return { file, gone }
}

const remove = (db: Database, runId: string) => {
  db.exec('drop trigger runs_are_not_deleted')
  db.prepare('delete from runs where run_id = ?').run(runId)
}

async function histories(file: string, all: boolean): Promise<string[]> {
  const store = openRunStore({ file, migrationsDirectory })
  const found = await store.historiesWithoutRun({ all })
  await store.close()
  return found
}

describe('a run that was deleted by hand long ago', () => {
  test('is found without comparing all runs, where its guard alone was removed', async () => {
    const { file, gone } = await aLongStore(remove)
    expect([await histories(file, false), await histories(file, true)]).toEqual([[gone], [gone]])
  })

  test('is found by comparing all runs, where every trigger was removed', async () => {
    const { file, gone } = await aLongStore((db, runId) => {
      db.exec('drop trigger deleted_runs_are_known')
      remove(db, runId)
    })
    expect([await histories(file, false), await histories(file, true)]).toEqual([[], [gone]])
  })

  test('before the store had a list of deleted runs is found without comparing all runs', async () => {
    const before = join(aFolder(), 'migrations')
    mkdirSync(before)
    for (const name of readdirSync(migrationsDirectory).filter((one) => one < '0015'))
      cpSync(join(migrationsDirectory, name), join(before, name))
    const { file, gone } = await aLongStore(remove, before)
    expect(await histories(file, false)).toEqual([gone])
  })

  test('stays known where somebody empties the list', async () => {
    const { file } = await aLongStore(remove)
    const empty = () => withDatabase(file, (db) => db.exec('delete from deleted_runs'))
    expect(empty).toThrow('deleted runs stay known')
  })
})

test('a run that was deleted with every trigger removed is found among the newest entries', async () => {
  const { file } = aStoreFile()
  const store = openRunStore({ file, migrationsDirectory })
  const { run } = firstStep()
  await store.create(firstStep(), mine)
  await store.create(firstStep({ run: { runId: run.runId } }), mine)
  await store.close()
  withDatabase(file, (db) => {
    db.pragma('foreign_keys = off')
    db.exec('drop trigger deleted_runs_are_known')
    remove(db, run.runId)
  })
  expect(await histories(file, false)).toEqual([run.runId])
})
