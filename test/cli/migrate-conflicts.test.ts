import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutterHome, jsonOf } from '../support/cli.ts'
import { approve, refusalReasons, resume, sign } from '../support/cli-steps.ts'
import { changeElsewhere, type ShopHome, startShopHome } from '../support/shop-home.ts'
import { MIGRATED, skipWithoutPgDump, stateOf, UNTOUCHED } from '../support/shop-migration.ts'

/** Each test checks the schema and the rows of the shop at its end. */

const skipped = skipWithoutPgDump('conflicts of migrations with other sessions')

let home: ShopHome
let at: CutterHome
let key: string

beforeAll(async () => {
  home = await startShopHome()
  at = home.at
  key = home.key
}, 300_000)

afterAll(() => home.stop(), 300_000)

describe.skipIf(skipped !== null)('a migration between approval and commit', { timeout: 300_000 }, () => {
  /** Stops a run right before the script: the approval is used, and another session holds a lock that the migration needs. */
  async function stoppedAtTheLock() {
    const { shop } = await home.createShop()
    const run = await home.startMigration()
    const other = await home.connectToShop()
    await other.query('begin; lock table unit in row share mode')
    await other.query('select 1 from unit for update')
    const stop = jsonOf(await approve(at, run.runId, key))
    expect(stop).toMatchObject({
      stopCode: 'STOP_TARGET_LOCKED',
      state: 'AWAITING_MIGRATION_AUTHORIZATION',
      phase: 'apply_migration',
    })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    return { runId: run.runId, other, shop }
  }

  test('a lock of another session stops the run, which continues under the same approval after its release', async () => {
    const { runId, other, shop } = await stoppedAtTheLock()
    await other.end()
    expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })

  test('a schema change of another session stops the run permanently', async () => {
    const { runId, other, shop } = await stoppedAtTheLock()
    await other.query('commit; create index unit_title on unit (title)')
    const stop = jsonOf(await resume(at, runId))
    expect(stop).toMatchObject({ stopCode: 'STOP_DRIFT' })
    expect(stop.stop?.message).toContain('index public.unit_title was added')
    await other.end()
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    expect((await at.cutter(['run', 'cancel', runId, '--reason', 'drift', '--json'])).code).toBe(3)
  })

  test('a migration ignores changes of others elsewhere in the database', async () => {
    const { runId, other, shop } = await stoppedAtTheLock()
    await other.query('commit')
    await changeElsewhere(shop)
    expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'succeeded' })
    await other.end()
    expect((await stateOf(shop)).columns).toEqual(MIGRATED.columns)
  })

  test('another migration of the same database stops the run, which continues after its end', async () => {
    await home.createShop()
    const run = await home.startMigration()
    const other = await home.connectToShop()
    await other.query("select pg_advisory_lock(hashtextextended('cutter/migrate', 0))")
    const stop = jsonOf(await approve(at, run.runId, key))
    expect(stop).toMatchObject({ stopCode: 'STOP_TARGET_LOCKED', phase: 'apply_migration' })
    await other.end()
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ outcome: 'succeeded' })
  })

  test('the preflight inside the transaction stops the run because of another session’s rows', async () => {
    const { runId, other, shop } = await stoppedAtTheLock()
    await other.query("commit; insert into unit values (87, 'Another', 'section', '2025-01-01')")
    const stop = jsonOf(await resume(at, runId))
    expect(stop).toMatchObject({ stopCode: 'STOP_PREFLIGHT_FAILED' })
    await other.end()
    expect(await stateOf(shop)).toEqual({ ...UNTOUCHED, units: { rows: 87, touched: 0 } })
  })

  test('rows that no check covers stop the run, because the rehearsal counted others', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration({
      preflight: "select 'unit is there' as name, to_regclass('unit') is not null as ok",
    })
    await shop.query("insert into unit values (87, 'Another', 'section', '2025-01-01')")
    const stop = jsonOf(await approve(at, run.runId, key))
    expect(stop).toMatchObject({ stopCode: 'STOP_RESULT_DIFFERS', state: 'AWAITING_MIGRATION_AUTHORIZATION' })
    expect(stop.stop?.message).toContain('public.unit: 87 rows updated, 86 expected')
    expect(await stateOf(shop)).toEqual({ ...UNTOUCHED, units: { rows: 87, touched: 0 } })
  })

  test('an outdated backup is taken and restored again before the migration', async () => {
    await home.createShop()
    const run = await home.startMigration({ spec: { backupMaxAgeMinutes: 0.2 } })
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
    const { shop } = await home.createShop()
    const run = await home.startMigration()
    const { approvalId } = await sign(at, run.runId, key)
    await changeElsewhere(shop)
    const other = await home.startMigration()
    expect(other.planDigest).toBe(run.planDigest)
    await at.cutter(['run', 'cancel', other.runId, '--reason', 'a test'])
    expect(jsonOf(await resume(at, run.runId, approvalId))).toMatchObject({ outcome: 'succeeded' })
    expect((await stateOf(shop)).columns).toEqual(MIGRATED.columns)
  })

  test('another schema is drift: the run plans again, and refuses the earlier approval', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration()
    const { approvalId } = await sign(at, run.runId, key)
    await shop.query('set role shop_owner; alter table unit_version add column note text; reset role')
    const refused = await resume(at, run.runId, approvalId)
    expect(jsonOf(refused).error).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'DRIFT' })
    expect(refused.stderr).toContain('column public.unit_version.note was added')
    expect(await refusalReasons(at, run.runId)).toEqual(['DRIFT'])
    const waiting = jsonOf(await at.cutter(['run', 'show', run.runId, '--json']))
    expect(waiting).toMatchObject({ status: 'paused', gate: 'SG1' })
    expect(waiting.planDigest).not.toBe(run.planDigest)
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })

  test('a child of a table that a check reads is drift, before the check runs the function of its index', async () => {
    const { shop } = await home.createShop()
    await shop.query('set role shop_owner; create table seen (id int); reset role')
    const run = await home.startMigration({
      preflight: "select 'nothing is seen' as name, count(*) = 0 as ok from public.seen",
    })
    const { approvalId } = await sign(at, run.runId, key)
    await shop.query(`set role shop_owner;
      create table seen_too () inherits (seen);
      create function spy(int) returns int immutable language sql as 'select $1';
      create index on seen_too (spy(id));
      reset role`)
    const refused = await resume(at, run.runId, approvalId)
    expect(jsonOf(refused).error).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'DRIFT' })
    expect(refused.stderr).toContain('table public.seen_too was added')
    const { tables } = UNTOUCHED
    expect(await stateOf(shop)).toEqual({ ...UNTOUCHED, tables: ['seen', 'seen_too', ...tables] })
  })
})
