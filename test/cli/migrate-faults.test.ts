import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { approve, aSigner, enableExecution, historyOf, LIVE, resume, sign } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import {
  type BundleParts,
  EXPECTED,
  MIGRATED,
  MIGRATION,
  migrate,
  type Production,
  ROLLBACK,
  rehearsalDatabasesOf,
  skipWithoutPgDump,
  startProduction,
  stateOf,
  UNTOUCHED,
  VERIFY,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** Each test checks the schema and the rows of the shop at its end. */

const skipped = skipWithoutPgDump('faults of migration runs')

let at: CutterHome
let key: string
let production: Production
let shops = 0
let shop: pg.Client

beforeAll(async () => {
  at = aCutterHome(`${LIVE}\ntargets:\n  shop: { migratorUrlEnv: SHOP_URL }\n`)
  key = aSigner(at, undefined, 'cutter.migrate.*')
  production = await startProduction()
  await enableExecution(at)
  await at.server()
}, 300_000)

afterAll(async () => {
  await at.remove()
  await production.stop()
}, 300_000)

/** Creates a shop for one test. */
async function aShop(): Promise<string> {
  shops += 1
  const name = `shop_${shops}`
  shop = await production.shop(name)
  at.env.SHOP_URL = production.migratorUrl(name)
  return name
}

const started = async (parts: BundleParts = {}, ...more: string[]) =>
  jsonOf(await migrate(at, writeMigrationBundle(at, 'units-review', parts), '--mode', 'live', ...more))

/** Opens another session of the shop, which the test closes. */
const another = () => connectClient(at.env.SHOP_URL!)

/** Creates objects in the same database that do not concern the migration. */
const elsewhere = () =>
  shop.query(`create schema etl authorization shop_owner; set role shop_owner; create table etl.staging (id int);
    create index on etl.staging (id); create view etl.ids as select id from etl.staging; reset role`)

const errorOf = (answer: Answer) => jsonOf(answer).error

describe.skipIf(skipped !== null)('a migration with a wrong bundle', { timeout: 300_000 }, () => {
  test('a script with one changed byte starts no run', async () => {
    await aShop()
    const folder = writeMigrationBundle(at, 'changed')
    writeFileSync(join(folder, 'migration.sql'), MIGRATION.replace('draft', 'drafT'))
    const answer = await migrate(at, folder, '--mode', 'live')
    expect(answer.code).toBe(2)
    expect(errorOf(answer)).toMatchObject({ code: 'INPUT_REFUSED' })
    expect(answer.stderr).toContain('the file is not the one that was frozen')
  })

  test('a script that changed at the gate is not applied, and after its restoration the same approval counts', async () => {
    await aShop()
    const { runId } = await started()
    const { approvalId } = await sign(at, runId, key)
    writeMigrationBundle(at, 'units-review', { migration: `${MIGRATION} ` })
    const refused = await resume(at, runId, approvalId)
    expect(refused.code).toBe(3)
    expect(errorOf(refused)).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'WORLD_NOT_CHECKED' })
    expect(refused.stderr).toContain('migration.sql')
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    writeMigrationBundle(at)
    expect(jsonOf(await resume(at, runId, approvalId))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })

  test('wrong expectations stop the rehearsal, which names every difference', async () => {
    await aShop()
    const run = await started({
      spec: {
        expect: {
          schema: { added: EXPECTED.schema.added.slice(1), removed: [], changed: ['view public.articles'] },
          rows: { 'public.unit': { updated: 85 } },
          distributions: [{ ...EXPECTED.distributions[0], rows: [{ state: 'draft', units: 86 }] }],
        },
        sideEffects: [{ what: 'a title', table: 'public.unit', columns: ['title'] }],
      },
    })
    expect(run).toMatchObject({
      status: 'stopped',
      stopCode: 'STOP_REHEARSAL_FAILED',
      state: 'BACKUP_RESTORED',
    })
    expect(run.stop?.data?.differences).toEqual([
      'column public.unit.state was added, which is not expected',
      'view public.articles was expected to be changed, and was not',
      'public.unit: 86 rows updated, 85 expected',
      'public.unit.updated_at got other values in 86 rows, which is not expected',
      'public.unit.title was expected to get other values, and did not',
      'distribution units by state is {"state":"draft","units":58} {"state":"enacted","units":28}, {"state":"draft","units":86} expected',
    ])
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })

  test('a failing verification stops the rehearsal', async () => {
    await aShop()
    const run = await started({ verify: `${VERIFY}select 'it never holds' as name, false as ok;` })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain('4 of 5 PASS; failed: it never holds')
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })

  test('a script that assembles a refused statement at run time stops the rehearsal', async () => {
    await aShop()
    const hidden = `do $$ begin execute format('al' || 'ter role %I set work_mem = 99', current_user); end $$;`
    const run = await started({ migration: `${MIGRATION}\n${hidden}\n` })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toMatch(
      /while the script ran, objects changed that no migration may change: settings of \S+ in every database was added/,
    )
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })

  test('a rollback that fails stops the rehearsal', async () => {
    await aShop()
    const run = await started({ rollback: 'drop table reviews;' })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain('the server refused the rollback')
    expect(run.stop?.message).toContain('"reviews" does not exist')
  })

  test('a rollback that changes objects of the server stops the rehearsal', async () => {
    await aShop()
    const hidden = "do $$ begin execute 'alter role shop_owner set work_mem = 99'; end $$;"
    const run = await started({ rollback: `${ROLLBACK}${hidden}` })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain(
      'while the rollback ran, objects changed that no migration may change: settings of shop_owner in every database was added',
    )
  })

  test('a failing preflight stops the run, and names the check', async () => {
    await aShop()
    const run = await started({
      preflight: "select 'ninety' as name, count(*) as value, 90 as expected from unit",
    })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(run.stop?.message).toContain('ninety: is 86, 90 expected')
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })
})

describe.skipIf(skipped !== null)('a migration on an unsuitable server', { timeout: 300_000 }, () => {
  test('server_identify refuses another major version than the bundle’s', async () => {
    await aShop()
    const run = await started({ spec: { server: { major: 16 } } })
    expect(run).toMatchObject({ stopCode: 'STOP_TARGET_REFUSED', state: 'BUNDLE_PINNED' })
    expect(run.stop?.message).toContain('it runs PostgreSQL 15, bundle.yaml requires 16')
  })

  test('server_identify refuses another database and system than the bundle’s', async () => {
    await aShop()
    const run = await started({ spec: { server: { systemIdentifier: '12345', database: 'shop' } } })
    expect(run.stop?.message).toMatch(
      /its database is shop_\d+, bundle.yaml requires shop; its system identifier is \d+/,
    )
  })

  const toolbox = (name: string, tools: { [tool: string]: string }) => {
    const folder = at.path(name)
    mkdirSync(folder, { recursive: true })
    symlinkSync(process.execPath, join(folder, 'node'))
    for (const [tool, text] of Object.entries(tools)) {
      writeFileSync(join(folder, tool), `#!/bin/sh\n${text}\n`)
      chmodSync(join(folder, tool), 0o755)
    }
    return folder
  }

  test('a run stops when pg_dump is not installed', async () => {
    await aShop()
    const bundle = writeMigrationBundle(at)
    const answer = await at.cutter(
      ['run', 'start', 'migrate', '--bundle', bundle, '--target', 'shop', '--mode', 'live', '--json'],
      { env: { PATH: toolbox('without', {}) } },
    )
    const run = jsonOf(answer)
    expect(answer.code).toBe(3)
    expect(run).toMatchObject({ stopCode: 'STOP_TOOL_MISSING', state: 'BUNDLE_PINNED' })
    expect(run.stop?.message).toContain('pg_dump is not installed')
    expect(run.stop?.next).toContain('postgresql-client')
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ status: 'paused', gate: 'SG1' })
  })

  test('a run stops when pg_dump is older than the server', async () => {
    await aShop()
    const old = toolbox('old', { pg_dump: 'echo "pg_dump (PostgreSQL) 14.2"', pg_restore: 'echo 14.2' })
    const answer = await at.cutter(
      [
        'run',
        'start',
        'migrate',
        '--bundle',
        writeMigrationBundle(at),
        '--target',
        'shop',
        '--mode',
        'live',
        '--json',
      ],
      { env: { PATH: old } },
    )
    expect(jsonOf(answer)).toMatchObject({ stopCode: 'STOP_TOOL_MISSING' })
    expect(jsonOf(answer).stop?.message).toContain('pg_dump has version 14.2, the server 15')
  })

  test('a backup counts only after its restored bytes and rows are the same', async () => {
    await aShop()
    const bundle = writeMigrationBundle(at)
    const onPath = `PATH='${process.env.PATH}'; export PATH`
    const real = (tool: string) => `${onPath}; exec ${tool} "$@"`
    const version = 'case "$1" in --version) echo "pg_restore (PostgreSQL) 15.9"; exit;; esac'
    const broken = toolbox('broken', {
      pg_dump: real('pg_dump'),
      pg_restore: `${version}\necho "pg_restore: error: broken" >&2; exit 1`,
    })
    // This pg_restore restores the dump and then deletes a row.
    const losing = toolbox('losing', {
      pg_dump: real('pg_dump'),
      pg_restore: `${version}\n${onPath}; pg_restore "$@"; for last; do case "$last" in --dbname=*) db="\${last#--dbname=}";; esac; done\nexec psql -qc "delete from unit_version where id = 1" "$db"`,
    })
    const start = [
      'run',
      'start',
      'migrate',
      '--bundle',
      bundle,
      '--target',
      'shop',
      '--mode',
      'live',
      '--json',
    ]
    const stopped = jsonOf(await at.cutter(start, { env: { PATH: broken } }))
    expect(stopped).toMatchObject({ stopCode: 'STOP_BACKUP_FAILED', state: 'BACKUP_TAKEN' })
    expect(stopped.stop?.message).toContain('pg_restore: error: broken')

    const lost = jsonOf(
      await at.cutter(['run', 'resume', stopped.runId, '--json'], { env: { PATH: losing } }),
    )
    expect(lost).toMatchObject({ stopCode: 'STOP_BACKUP_FAILED', state: 'BACKUP_TAKEN' })
    expect(lost.stop?.message).toContain(
      'table public.unit_version has 85 rows in the rehearsal database, 86 in the source',
    )

    const file = at.path(stopped.output.backup.file)
    const bytes = readFileSync(file)
    writeFileSync(file, Buffer.concat([bytes, Buffer.from(' ')]))
    expect(jsonOf(await resume(at, stopped.runId)).stop?.message).toContain('has other bytes than were taken')
    writeFileSync(file, bytes)
    expect((await rehearsalDatabasesOf(at)).map(({ runId }) => runId)).not.toContain(stopped.runId)
    expect(jsonOf(await resume(at, stopped.runId))).toMatchObject({ status: 'paused', gate: 'SG1' })
  })

  test('a run stops while another session locks a table', async () => {
    await aShop()
    const other = await another()
    await other.query('begin; lock table unit in access exclusive mode')
    const run = await started()
    expect(run).toMatchObject({ stopCode: 'STOP_TARGET_LOCKED', state: 'SERVER_IDENTIFIED' })
    await other.end()
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ status: 'paused', gate: 'SG1' })
  })
})

describe.skipIf(skipped !== null)('a migration between approval and commit', { timeout: 300_000 }, () => {
  /** Stops a run right before the script: the approval is used, and another session holds a lock that the migration needs. */
  async function stoppedAtTheLock() {
    await aShop()
    const run = await started()
    const other = await another()
    await other.query('begin; lock table unit in row share mode')
    await other.query('select 1 from unit for update')
    const stop = jsonOf(await approve(at, run.runId, key))
    expect(stop).toMatchObject({
      stopCode: 'STOP_TARGET_LOCKED',
      state: 'AWAITING_MIGRATION_AUTHORIZATION',
      phase: 'apply_migration',
    })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    return { runId: run.runId, other }
  }

  test('a lock of another session stops the run, which continues under the same approval after its release', async () => {
    const { runId, other } = await stoppedAtTheLock()
    await other.end()
    expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })

  test('a schema change of another session stops the run permanently', async () => {
    const { runId, other } = await stoppedAtTheLock()
    await other.query('commit; create index unit_title on unit (title)')
    const stop = jsonOf(await resume(at, runId))
    expect(stop).toMatchObject({ stopCode: 'STOP_DRIFT' })
    expect(stop.stop?.message).toContain('index public.unit_title was added')
    await other.end()
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    expect((await at.cutter(['run', 'cancel', runId, '--reason', 'drift', '--json'])).code).toBe(3)
  })

  test('a migration ignores changes of others elsewhere in the database', async () => {
    const { runId, other } = await stoppedAtTheLock()
    await other.query('commit')
    await elsewhere()
    expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'succeeded' })
    await other.end()
    expect((await stateOf(shop)).columns).toEqual(MIGRATED.columns)
  })

  test('another migration of the same database stops the run, which continues after its end', async () => {
    await aShop()
    const run = await started()
    const other = await another()
    await other.query("select pg_advisory_lock(hashtextextended('cutter/migrate', 0))")
    const stop = jsonOf(await approve(at, run.runId, key))
    expect(stop).toMatchObject({ stopCode: 'STOP_TARGET_LOCKED', phase: 'apply_migration' })
    await other.end()
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ outcome: 'succeeded' })
  })

  test('the preflight inside the transaction stops the run because of another session’s rows', async () => {
    const { runId, other } = await stoppedAtTheLock()
    await other.query("commit; insert into unit values (87, 'Another', 'section', '2025-01-01')")
    const stop = jsonOf(await resume(at, runId))
    expect(stop).toMatchObject({ stopCode: 'STOP_PREFLIGHT_FAILED' })
    await other.end()
    expect(await stateOf(shop)).toEqual({ ...UNTOUCHED, units: { rows: 87, touched: 0 } })
  })

  test('rows that no check covers stop the run, because the rehearsal counted others', async () => {
    await aShop()
    const run = await started({
      preflight: "select 'unit is there' as name, to_regclass('unit') is not null as ok",
    })
    await shop.query("insert into unit values (87, 'Another', 'section', '2025-01-01')")
    const stop = jsonOf(await approve(at, run.runId, key))
    expect(stop).toMatchObject({ stopCode: 'STOP_RESULT_DIFFERS', state: 'AWAITING_MIGRATION_AUTHORIZATION' })
    expect(stop.stop?.message).toContain('public.unit: 87 rows updated, 86 expected')
    expect(await stateOf(shop)).toEqual({ ...UNTOUCHED, units: { rows: 87, touched: 0 } })
  })

  test('an outdated backup is taken and restored again before the migration', async () => {
    await aShop()
    const run = await started({ spec: { backupMaxAgeMinutes: 0.2 } })
    const { approvalId } = await sign(at, run.runId, key)
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    const ended = jsonOf(await resume(at, run.runId, approvalId))
    expect(ended).toMatchObject({ outcome: 'succeeded' })
    expect(ended.output.backup.file).toMatch(/-fresh\.dump$/)
    expect(ended.output.backup.sha256).not.toBe(run.output.backup.sha256)
  })
})

describe.skipIf(skipped !== null)('a migration at its gate', { timeout: 300_000 }, () => {
  test('changes of others elsewhere are no drift, and another run has the same plan', async () => {
    await aShop()
    const run = await started()
    const { approvalId } = await sign(at, run.runId, key)
    await elsewhere()
    const other = await started()
    expect(other.planDigest).toBe(run.planDigest)
    await at.cutter(['run', 'cancel', other.runId, '--reason', 'a test'])
    expect(jsonOf(await resume(at, run.runId, approvalId))).toMatchObject({ outcome: 'succeeded' })
    expect((await stateOf(shop)).columns).toEqual(MIGRATED.columns)
  })

  test('another schema is drift: the run plans again, and refuses the earlier approval', async () => {
    await aShop()
    const run = await started()
    const { approvalId } = await sign(at, run.runId, key)
    await shop.query('set role shop_owner; alter table unit_version add column note text; reset role')
    const refused = await resume(at, run.runId, approvalId)
    expect(errorOf(refused)).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'DRIFT' })
    expect(refused.stderr).toContain('column public.unit_version.note was added')
    const waiting = jsonOf(await at.cutter(['run', 'show', run.runId, '--json']))
    expect(waiting).toMatchObject({ status: 'paused', gate: 'SG1' })
    expect(waiting.planDigest).not.toBe(run.planDigest)
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })
})

describe.skipIf(skipped !== null)('a migration after its commit', { timeout: 300_000 }, () => {
  /** A check that passes in the rehearsal and in the transaction, and fails in a session that only reads the target. */
  const settled = (name: string) =>
    `${VERIFY}select 'settled' as name, pg_current_xact_id_if_assigned() is not null or current_database() <> '${name}' as ok;`

  test('a failed verification leads to SG2, where an approved rollback reverts the migration', async () => {
    const name = await aShop()
    const run = await started({ verify: settled(name) })
    const failed = jsonOf(await approve(at, run.runId, key))
    expect(failed).toMatchObject({ status: 'paused', gate: 'SG2', state: 'AWAITING_ROLLBACK_AUTHORIZATION' })
    expect(failed.output.verificationFailed).toEqual(['settled'])
    expect(await stateOf(shop)).toEqual(MIGRATED)
    const plan = JSON.parse((await at.cutter(['run', 'plan', run.runId])).stdout)
    expect(plan).toMatchObject({ type: 'cutter.plan.migrate-rollback/v1', because: ['settled'] })
    await elsewhere()
    const answer = await approve(at, run.runId, key)
    expect(answer.code).toBe(1)
    expect(jsonOf(answer)).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
    expect(jsonOf(answer).output.standsAs).toBe('rolled back: the schema is the one before the migration')
    expect(await stateOf(shop)).toEqual({ ...UNTOUCHED, units: { rows: 86, touched: 86 } })
  })

  test('a rejected rollback keeps the migration, and the answer states it', async () => {
    const name = await aShop()
    const run = await started({ verify: settled(name) })
    await approve(at, run.runId, key)
    const no = await sign(at, run.runId, key, '--decision', 'reject')
    const ended = jsonOf(await resume(at, run.runId, no.approvalId))
    expect(ended).toMatchObject({ outcome: 'rejected' })
    expect(ended.output.standsAs).toBe('the migration is committed and its verification failed')
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })
})

describe.skipIf(skipped !== null)('statements that can’t run in a transaction', { timeout: 300_000 }, () => {
  const CONCURRENT = `${MIGRATION}create index concurrently unit_state on unit (state);\n`
  const spec = {
    nonTransactional: [8],
    expect: {
      ...EXPECTED,
      schema: { ...EXPECTED.schema, added: [...EXPECTED.schema.added, 'index public.unit_state'] },
    },
  }

  test('undeclared non-transactional statements are refused', async () => {
    await aShop()
    const answer = await migrate(at, writeMigrationBundle(at, 'concurrent', { migration: CONCURRENT }))
    expect(answer.code).toBe(2)
    expect(answer.stderr).toContain('declare it: nonTransactional: [8]')
  })

  test('declared non-transactional statements run one by one after the transaction', async () => {
    await aShop()
    const run = await started({ migration: CONCURRENT, spec })
    expect(run.output.rehearsal).toMatchObject({ added: 7 })
    const ended = jsonOf(await approve(at, run.runId, key))
    expect(ended).toMatchObject({ outcome: 'succeeded', output: { ranAlone: 1 } })
    const { rows } = await shop.query(
      "select indisvalid from pg_index where indexrelid = 'unit_state'::regclass",
    )
    expect(rows).toEqual([{ indisvalid: true }])
  })

  test('a non-transactional statement that the server rejects on the target leads to SG2', async () => {
    await aShop()
    const migration = `${MIGRATION}create unique index concurrently unit_title on unit (title);\n`
    const added = [...EXPECTED.schema.added, 'index public.unit_title']
    const run = await started({
      migration,
      spec: { nonTransactional: [8], expect: { ...EXPECTED, schema: { ...EXPECTED.schema, added } } },
    })
    await shop.query("set session_replication_role = replica; update unit set title = 'Unit 1' where id = 2")
    const failed = jsonOf(await approve(at, run.runId, key))
    expect(failed).toMatchObject({ status: 'paused', gate: 'SG2' })
    expect(failed.output.verificationFailed[0]).toContain('statement 8')
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'rolled-back' })
  })
})

test.skipIf(skipped !== null)('the history holds every refused approval', async () => {
  const runs = jsonOf<{ runId: string }[]>(await at.cutter(['run', 'list', '--json']))
  const refused = (await Promise.all(runs.map(({ runId }) => historyOf(at, runId))))
    .flat()
    .filter(({ event }) => event.type === 'cutter.approval-refused')
  expect(refused.map(({ event }) => event.reason).sort()).toEqual(['DRIFT', 'WORLD_NOT_CHECKED'])
})
