import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type StoreDatabase, type StoreServer, startStoreServer } from '../store/postgres/store-database.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { rehearseOn } from '../support/cli-steps.ts'
import { serverOf } from '../support/pg-cluster.ts'
import { type Standby, startStandby } from '../support/standby.ts'

/** The built program after a failover to a standby that lacked the newest commits. */

vi.setConfig({ testTimeout: 480_000, hookTimeout: 480_000 })

const STORE = 'store: { url: { env: CUTTER_STORE_URL }, owner: { env: CUTTER_STORE_OWNER_URL } }\n'

let server: StoreServer | null
let standby: Standby
let database: StoreDatabase
let at: CutterHome
beforeAll(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  at = aCutterHome(STORE)
  at.env.CUTTER_STORE_URL = server.url(database.name, 'store_service')
  at.env.CUTTER_STORE_OWNER_URL = server.url(database.name, 'store_owner')
  const example = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
  at.file('rotate-keys.ts', readFileSync(example))
  at.file('service.key', 'the old key\n')
})
afterAll(async () => {
  await at?.remove()
  await standby?.stop()
  await server?.close()
})

const start = (key: string) =>
  at.cutter(['run', 'start', './rotate-keys.ts', '--file', 'service.key', '--key', key, '--json'])

test('an asynchronous failover that lost entries is found out by the heads of the home, and the run is refused', async () => {
  const { runId } = jsonOf(await start('one'))
  standby = await startStandby(server!, serverOf(18))
  await standby.disconnect()
  expect(jsonOf(await rehearseOn(at, runId)).outcome).toBe('succeeded')
  const lost = jsonOf(await start('two')).runId
  await server!.close()
  server = null
  await standby.promote()
  at.env.CUTTER_STORE_URL = standby.url(database.name, 'store_service')
  delete at.env.CUTTER_STORE_OWNER_URL

  const shown = await at.cutter(['run', 'show', runId, '--json'])
  expect([shown.code, jsonOf<{ error: ErrorJson }>(shown).error.code]).toEqual([3, 'STORE_TAMPERED'])
  // The key of the lost run is not there either, so nothing is started a second time.
  const again = await start('two')
  expect([again.code, jsonOf<{ error: ErrorJson }>(again).error.code]).toEqual([3, 'STORE_TAMPERED'])
  const { stdout } = await at.cutter(['doctor'])
  expect(stdout).toMatch(/FAIL +store: /)
  for (const id of [runId, lost]) expect(stdout).toContain(id)
})
