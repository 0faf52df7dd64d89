import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  approve,
  aSigner,
  enableExecution,
  historyOf,
  LIVE,
  rehearseOn,
  resume,
} from '../support/cli-steps.ts'
import {
  MIGRATED,
  migrate,
  type Production,
  rehearsalDatabasesOf,
  skipWithoutPgDump,
  startProduction,
  stateOf,
  UNTOUCHED,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

const skipped = skipWithoutPgDump('migration runs')

const CONFIG = `${LIVE}
targets:
  shop: { migratorUrlEnv: SHOP_URL }
`

let at: CutterHome
let key: string
let production: Production

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  key = aSigner(at, undefined, 'cutter.migrate.*')
  production = await startProduction()
  await enableExecution(at)
  await at.server()
}, 300_000)

afterAll(async () => {
  await at.remove()
  await production.stop()
}, 300_000)

const shopped = async (name: string): Promise<pg.Client> => {
  at.env.SHOP_URL = production.migratorUrl(name)
  return production.shop(name)
}

const everythingBelow = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')

const nextTransaction = async (shop: pg.Client) =>
  (await shop.query<{ id: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as id')).rows[0]!.id

describe.skipIf(skipped !== null)('a migration of the shop', { timeout: 600_000 }, () => {
  test('a dry run closes, and no transaction of the target gets an id', async () => {
    const shop = await shopped('dry')
    // It takes ids of its own, once a minute.
    await shop.query('alter system set autovacuum = off')
    await shop.query('select pg_reload_conf()')
    const before = await nextTransaction(shop)
    const started = jsonOf(await migrate(at, writeMigrationBundle(at)))
    expect(started).toMatchObject({
      status: 'paused',
      gate: 'SG1',
      state: 'AWAITING_MIGRATION_AUTHORIZATION',
    })
    expect(started.output).toMatchObject({
      preflight: '2 of 2 PASS',
      restored: { tables: 2, rows: '172' },
      rehearsal: {
        added: 6,
        removed: 0,
        changed: 0,
        rows: { 'public.unit': { inserted: 0, updated: 86, deleted: 0 } },
        verify: '4 of 4 PASS',
      },
    })
    const ended = jsonOf(await rehearseOn(at, started.runId))
    expect(ended).toMatchObject({ status: 'closed', outcome: 'succeeded', state: 'CLOSEOUT_REPORTED' })
    expect(ended.output).toMatchObject({ verification: '4 of 4 PASS', targetSchema: 'as before the run' })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    expect(await nextTransaction(shop)).toBe(before)
  })

  test('a live run adds 6 objects, updates 86 rows, and takes a backup before and after', async () => {
    const shop = await shopped('live')
    const started = jsonOf(await migrate(at, writeMigrationBundle(at), '--mode', 'live'))
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    const explained = await at.cutter(['run', 'explain', started.runId])
    expect(explained.stdout).toContain('apply_migration')
    const answer = await approve(at, started.runId, key)
    const ended = jsonOf(answer)
    expect(answer.code).toBe(0)
    expect(ended).toMatchObject({ status: 'closed', outcome: 'succeeded', state: 'CLOSEOUT_REPORTED' })
    expect(ended.output).toMatchObject({
      migration: { added: 6, removed: 0, changed: 0, rows: { 'public.unit': { updated: 86 } } },
      standsAs: 'migrated, verified, and backed up in its new state',
    })
    expect(await stateOf(shop)).toEqual(MIGRATED)
    for (const which of ['backup', 'secondBackup']) {
      const { file, sha256: digest } = ended.output[which]
      expect(sha256(readFileSync(at.path(file)))).toBe(digest)
      expect(statSync(at.path(file)).mode & 0o777).toBe(0o600)
    }
    expect([...new Set((await historyOf(at, started.runId)).map(({ state }) => state))]).toEqual([
      'PENDING',
      'BUNDLE_PINNED',
      'SERVER_IDENTIFIED',
      'BACKUP_TAKEN',
      'BACKUP_RESTORED',
      'REHEARSED',
      'PREFLIGHT_PASSED',
      'AWAITING_MIGRATION_AUTHORIZATION',
      'MIGRATION_APPLIED',
      'MIGRATION_VERIFIED',
      'SECOND_BACKUP_RESTORED',
      'CLOSEOUT_REPORTED',
    ])
    const verified = await at.cutter(['run', 'history', started.runId, '--verify'])
    expect(verified.stderr).toContain('holds')
    await at.cutter(['run', 'export', started.runId, '--out', 'run.tar'])
    const checked = await at.cutter(['verify', 'run.tar', '--signers', 'allowed_signers'])
    expect(checked.code).toBe(0)
  })

  test('two runs of the same bundle on the same schema have the same plan digest', async () => {
    await shopped('twice')
    const [first, second] = [
      jsonOf(await migrate(at, writeMigrationBundle(at))),
      jsonOf(await migrate(at, writeMigrationBundle(at), '--by', 'bob')),
    ]
    expect(second.runId).not.toBe(first.runId)
    expect(second.planDigest).toBe(first.planDigest)
  })

  test('no file of the home holds the migrator’s password', () => {
    const written = everythingBelow(at.path('var'))
    expect(written).toContain('units-review')
    expect(written).not.toContain('s3cret-word')
  })

  test('rehearsal databases and their servers remain until a signed approval removes them', async () => {
    const [kept, ...others] = await rehearsalDatabasesOf(at)
    const servers = () => readdirSync(at.path('var/embedded/rehearsals')).length
    expect(servers()).toBe(others.length + 1)
    expect(others.length).toBeGreaterThan(0)
    const teardownKey = aSigner(at, 'carol@example.org', 'cutter.teardown.SG1')
    for (const { runId } of [kept!, ...others]) {
      if ((await at.cutter(['run', 'show', runId, '--json'])).stdout.includes('"paused"'))
        await at.cutter(['run', 'cancel', runId, '--reason', 'a test'])
      const asked = jsonOf(await at.cutter(['rehearsal', 'remove', runId, '--json']))
      expect(asked).toMatchObject({ machine: 'teardown', status: 'paused', gate: 'SG1', mode: 'live' })
      expect((await rehearsalDatabasesOf(at)).map((database) => database.runId)).toContain(runId)
      const signed = await at.cutter([
        'approval',
        'sign',
        asked.runId,
        '--as',
        'carol@example.org',
        '--key',
        teardownKey,
        '--json',
      ])
      const removed = jsonOf(await resume(at, asked.runId, jsonOf<{ approvalId: string }>(signed).approvalId))
      expect(removed).toMatchObject({ outcome: 'succeeded', output: { removed: 1 } })
      expect((await rehearsalDatabasesOf(at)).map((database) => database.runId)).not.toContain(runId)
    }
    expect(servers()).toBe(0)
  })
})
