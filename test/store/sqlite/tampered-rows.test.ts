import { afterEach, describe, expect, test } from 'vitest'
import { canonicalJson, digestOfBytes } from '../../../src/domain/json.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aStoreFile, removeFolders, withDatabase } from '../store-folders.ts'

afterEach(removeFolders)

/** A store with two runs, of which one is edited behind its back, by somebody who dropped the triggers first. */
async function edited(...statements: string[]) {
  const options = aStoreFile()
  const store = openRunStore(options)
  const [start, neighbour] = [firstStep({ run: { startKey: 'k' } }), firstStep()]
  for (const step of [start, neighbour]) await store.create(step, mine)
  const { run } = stepAfter(start.run)
  await store.advance(stepAfter(start.run), mine)
  withDatabase(options.file, (db) => {
    db.exec('drop trigger history_is_not_edited; drop trigger history_is_not_deleted')
    for (const sql of statements) expect(db.prepare(sql).run({ id: run.runId }).changes).toBe(1)
  })
  return { store, run, neighbour: neighbour.run }
}

const other = `sha256:${'0'.repeat(64)}`
const snapshot = canonicalJson({ forged: true })
const edits: [string, string[]][] = [
  ['its snapshot was edited', [`update runs set snapshot = '${snapshot}' where run_id = @id`]],
  ['its snapshot was edited', [`update runs set snapshot_digest = '${other}' where run_id = @id`]],
  [
    'its row does not fit the newest entry',
    [
      `update runs set snapshot = '${snapshot}', snapshot_digest = '${digestOfBytes(snapshot)}' where run_id = @id`,
    ],
  ],
  [
    'a part of it is not valid JSON',
    [
      `update runs set snapshot = '{', snapshot_digest = '${digestOfBytes('{')}' where run_id = @id`,
      `update history set snapshot_digest = '${digestOfBytes('{')}' where run_id = @id and seq = 2`,
    ],
  ],
  ['its row does not fit the newest entry', [`update runs set head = '${other}' where run_id = @id`]],
  ['its row does not fit the newest entry', ['update runs set seq = 1 where run_id = @id']],
  ['its row does not fit the newest entry', ['update runs set seq = 3 where run_id = @id']],
  [
    'its row does not fit the newest entry',
    [`update history set snapshot_digest = '${other}' where run_id = @id and seq = 2`],
  ],
  [
    'its row does not fit the newest entry',
    [`update history set hash = '${other}' where run_id = @id and seq = 2`],
  ],
  ['its row does not fit the newest entry', ['delete from history where run_id = @id and seq = 2']],
]

describe('a run that was edited with SQL', () => {
  test.each(edits)('can’t be read, %s: %s', async (why, statements) => {
    const { store, run } = await edited(...statements)
    const refused = expect.objectContaining({ code: 'STORE_TAMPERED', message: expect.stringContaining(why) })
    await expect(store.run(run.runId)).rejects.toEqual(refused)
    await expect(store.runByKey('k')).rejects.toEqual(refused)
    await expect(store.storedRun(run.runId)).rejects.toEqual(refused)
    expect(await store.list({ limit: 9, onTampered: () => undefined })).toHaveLength(1)
    await store.close()
  })

  test('does not affect other runs', async () => {
    const { store, neighbour } = await edited(`update runs set head = '${other}' where run_id = @id`)
    expect(await store.run(neighbour.runId)).toEqual(neighbour)
    await store.advance(stepAfter(neighbour), mine)
    expect((await store.run(neighbour.runId))?.seq).toBe(2)
    await store.close()
  })

  test('can’t be advanced from its earlier state', async () => {
    const { store, run } = await edited(`update runs set head = '${other}' where run_id = @id`)
    await expect(store.advance(stepAfter(run), mine)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    await store.close()
  })

  test('is named in the refusal, with the next command', async () => {
    const { store, run } = await edited(`update runs set head = '${other}' where run_id = @id`)
    await expect(store.run(run.runId)).rejects.toMatchObject({
      data: { runId: run.runId },
      next: expect.stringContaining(`cutter run history ${run.runId}`),
    })
    await store.close()
  })
})
