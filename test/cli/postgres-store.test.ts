import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type StoreDatabase, type StoreServer, startStoreServer } from '../store/postgres/store-database.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { historyOf, rehearse, rehearseOn } from '../support/cli-steps.ts'

/** The built program with its runs in PostgreSQL: an own machine from start to bundle, and what is refused. */

const STORE = 'store: { url: { env: CUTTER_STORE_URL }, owner: { env: CUTTER_STORE_OWNER_URL } }\n'
const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let server: StoreServer
let database: StoreDatabase
let at: CutterHome
beforeAll(async () => {
  server = await startStoreServer(18)
})
beforeEach(async () => {
  database = await server.aDatabase()
  at = aCutterHome(STORE)
  at.env.CUTTER_STORE_URL = server.url(database.name, 'store_service')
  at.env.CUTTER_STORE_OWNER_URL = server.url(database.name, 'store_owner')
  mkdirSync(at.path('mine'))
  at.file('mine/rotate-keys.ts', readFileSync(EXAMPLE, 'utf8'))
  at.file('service.key', 'the old key\n')
})
afterEach(() => at.remove())
afterAll(() => server?.close())

const start = (...more: string[]) =>
  at.cutter(['run', 'start', './mine/rotate-keys.ts', '--file', 'service.key', '--json', ...more])
const errorOf = (answer: Awaited<ReturnType<typeof start>>) => jsonOf<{ error: ErrorJson }>(answer).error

describe('runs in PostgreSQL', () => {
  test('go from start to a bundle that verifies, without a file of a store', async () => {
    const started = await start('--key', 'nightly')
    expect(started.stderr).toBe('')
    const { runId, status } = jsonOf(started)
    expect(status).toBe('paused')
    delete at.env.CUTTER_STORE_OWNER_URL
    expect(jsonOf(await start('--key', 'nightly')).runId).toBe(runId)
    expect((await at.cutter(['run', 'list'])).stdout).toContain(runId)
    const done = await rehearseOn(at, runId)
    expect([done.code, jsonOf(done).outcome]).toEqual([0, 'succeeded'])
    expect((await at.cutter(['run', 'show', runId])).stdout).toContain('succeeded')
    expect((await historyOf(at, runId)).map(({ seq }) => seq)).toEqual(
      (await historyOf(at, runId)).map((_, index) => index + 1),
    )
    const held = await at.cutter(['run', 'history', runId, '--verify'])
    expect([held.code, held.stderr]).toEqual([0, expect.stringContaining('holds')])
    for (const name of ['one.tar', 'two.tar'])
      expect((await at.cutter(['run', 'export', runId, '--out', at.path(name)])).code).toBe(0)
    expect(readFileSync(at.path('one.tar')).equals(readFileSync(at.path('two.tar')))).toBe(true)
    const verified = await at.cutter(['verify', at.path('one.tar')])
    expect(verified.stdout).toContain('one.tar holds')
    expect((await at.cutter(['store', 'check'])).code).toBe(0)
    expect(readdirSync(at.path('var')).filter((name) => name.startsWith('cutter.db'))).toEqual([])
  })

  test('are stopped by a hold, and pruned with their key still used', async () => {
    const { runId } = jsonOf(await start('--key', 'once'))
    expect((await at.cutter(['hold', 'on', '--reason', 'audit'])).code).toBe(0)
    const { approvalId } = await rehearse(at, runId)
    const refused = await at.cutter(['run', 'resume', runId, '--approval', approvalId, '--json'])
    expect(errorOf(refused).code).toBe('ON_HOLD')
    expect((await at.cutter(['hold', 'off'])).code).toBe(0)
    expect((await at.cutter(['run', 'resume', runId, '--approval', approvalId])).code).toBe(0)
    mkdirSync(at.path('kept'))
    // A second after the run has closed, by the server's clock.
    const prune = async () => {
      const pruned = await at.cutter(['store', 'prune', '--older-than', '1s', '--into', at.path('kept')])
      expect([pruned.code, pruned.stderr]).toEqual([0, ''])
      return errorOf(await at.cutter(['run', 'show', runId, '--json']))?.code
    }
    await expect.poll(prune, { timeout: 30_000 }).toBe('RUN_NOT_FOUND')
    expect(errorOf(await start('--key', 'once')).code).toBe('KEY_REUSED')
  })

  test('that somebody edits in the database are refused by name', async () => {
    const { runId } = jsonOf(await start())
    await database.asSuperuser(
      `alter table cutter_store.history disable trigger all; update cutter_store.history set event = '{"type":"x"}' where seq = 1`,
    )
    const shown = await at.cutter(['run', 'show', runId, '--json'])
    expect([shown.code, errorOf(shown).code]).toEqual([3, 'STORE_TAMPERED'])
  })

  test('refuse what is not covered yet: backup and restore; doctor names it', async () => {
    await start()
    for (const args of [
      ['store', 'backup', '--out', at.path('b.db')],
      ['store', 'restore', at.path('b.db')],
    ]) {
      const answer = await at.cutter([...args, '--json'])
      expect(errorOf(answer)).toMatchObject({
        code: 'INPUT_REFUSED',
        message: expect.stringContaining('PostgreSQL'),
      })
    }
    const doctor = await at.cutter(['doctor'])
    expect(doctor.stdout).toMatch(/warn\s+store: PostgreSQL, by CUTTER_STORE_URL: .*Not covered/)
  })

  test('need the variable and a login without power, and never fall back to a file', async () => {
    const secret = 'pass-word-of-the-store'
    const answers: [env: string | undefined, code: string][] = [
      [undefined, 'CONFIG_INVALID'],
      [`postgresql://x:${secret}@127.0.0.1:1/none`, 'STORE_UNWRITABLE'],
      [`postgresql://x:${secret}@127.0.0.1:99999/none`, 'CONFIG_INVALID'],
      [server.url(database.name, 'postgres'), 'CONFIG_INVALID'],
    ]
    for (const [url, code] of answers) {
      if (url === undefined) delete at.env.CUTTER_STORE_URL
      else at.env.CUTTER_STORE_URL = url
      for (const answer of [await start(), await at.cutter(['run', 'list', '--json'])]) {
        expect(errorOf(answer).code).toBe(code)
        expect(answer.stdout + answer.stderr).not.toContain(secret)
      }
    }
    expect(existsSync(at.path('var/cutter.db'))).toBe(false)
  })
})
