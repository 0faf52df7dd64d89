import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishRules, readLiveConditions } from '../../../src/store/postgres/live-conditions.ts'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import { type StoreDatabase, type StoreServer, startStoreServer } from './store-database.ts'

/** What a live run needs of a shared store, as its server says it at that moment. */

let server: StoreServer
let database: StoreDatabase
beforeAll(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  const store = openRunStore(database.options)
  await store.run('nobody')
  await store.close()
})
afterAll(() => server?.close())

const read = () => readLiveConditions(database.options.connect)
const published = { signers: 'sha256:a', revokedKeys: null, policy: 'sha256:p' }

describe('published rules', () => {
  test('are the newest ones of the owner, with the host and the time', async () => {
    expect((await read()).rules).toBeNull()
    const connectOwner = database.options.connectOwner!
    await publishRules(connectOwner, { ...published, signers: null }, 'first')
    await publishRules(connectOwner, published, 'second')
    expect((await read()).rules).toEqual({
      ...{ ...published, host: 'second' },
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
  })

  test('are published by the owner alone, and edited by nobody', async () => {
    await expect(publishRules(database.options.connect, published, 'weak')).rejects.toMatchObject({
      code: 'STORE_UNWRITABLE',
    })
    for (const sql of ["update cutter_store.rules set policy = 'x'", 'delete from cutter_store.rules']) {
      await expect(database.asService(sql)).rejects.toMatchObject({ code: '42501' })
      await expect(database.asSuperuser(sql)).rejects.toMatchObject({
        message: 'published rules stay known',
      })
    }
    await expect(database.asSuperuser('truncate cutter_store.rules')).rejects.toMatchObject({
      message: 'published rules stay known',
    })
  })
})

describe('commits', () => {
  const CASES: [standbys: string, commits: string, why: string | null][] = [
    ['', 'on', 'synchronous_standby_names is empty'],
    ['', 'remote_apply', 'synchronous_standby_names is empty'],
    ['ANY 1 (a, b)', 'off', 'synchronous_commit is off'],
    ['ANY 1 (a, b)', 'local', 'synchronous_commit is local'],
    ['FIRST 1 (a)', 'remote_write', 'synchronous_commit is remote_write'],
    ['ANY 2 (a, b, c)', 'on', null],
    ['*', 'remote_apply', null],
  ]

  test.each(CASES)('with standbys “%s” and synchronous_commit = %s', async (standbys, commits, why) => {
    // A superuser’s own session waits for no standby. The role’s setting is what the service’s sessions have.
    await database.asSuperuser(
      `set synchronous_commit = local; alter role store_service set synchronous_commit = ${commits}`,
    )
    await database.asSuperuser(`alter system set synchronous_standby_names = '${standbys}'`)
    await database.asSuperuser('select pg_reload_conf()')
    const seen = async () => (await read()).looseCommits
    if (why === null) await expect.poll(seen, { timeout: 30_000 }).toBeNull()
    else await expect.poll(seen, { timeout: 30_000 }).toContain(why)
  })
})
