import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutterHome, jsonOf } from '../support/cli.ts'
import { refusalReasons, resume, sign } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import {
  EXPECTED,
  MIGRATED,
  MIGRATION,
  migrate,
  ROLLBACK,
  skipWithoutPgDump,
  stateOf,
  UNTOUCHED,
  VERIFY,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** Each test checks the schema and the rows of the shop at its end. */

const skipped = skipWithoutPgDump('migrations with wrong bundles')

let home: ShopHome
let at: CutterHome
let key: string

beforeAll(async () => {
  home = await startShopHome()
  at = home.at
  key = home.key
}, 300_000)

afterAll(() => home.stop(), 300_000)

describe.skipIf(skipped !== null)('a migration with a wrong bundle', { timeout: 300_000 }, () => {
  test('a script with one changed byte starts no run', async () => {
    await home.createShop()
    const folder = writeMigrationBundle(at, 'changed')
    writeFileSync(join(folder, 'migration.sql'), MIGRATION.replace('draft', 'drafT'))
    const answer = await migrate(at, folder, '--mode', 'live')
    expect(answer.code).toBe(2)
    expect(jsonOf(answer).error).toMatchObject({ code: 'INPUT_REFUSED' })
    expect(answer.stderr).toContain('the file is not the one that was frozen')
  })

  test('a script that changed at the gate is not applied, and after its restoration the same approval counts', async () => {
    const { shop } = await home.createShop()
    const { runId } = await home.startMigration()
    const { approvalId } = await sign(at, runId, key)
    writeMigrationBundle(at, 'units-review', { migration: `${MIGRATION} ` })
    const refused = await resume(at, runId, approvalId)
    expect(refused.code).toBe(3)
    expect(jsonOf(refused).error).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'WORLD_NOT_CHECKED' })
    expect(refused.stderr).toContain('migration.sql')
    expect(await refusalReasons(at, runId)).toEqual(['WORLD_NOT_CHECKED'])
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    writeMigrationBundle(at)
    expect(jsonOf(await resume(at, runId, approvalId))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })

  test('wrong expectations stop the rehearsal, which names every difference', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration({
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
    const { shop } = await home.createShop()
    const run = await home.startMigration({
      verify: `${VERIFY}select 'it never holds' as name, false as ok;`,
    })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain('4 of 5 PASS; failed: it never holds')
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })

  test('a script that assembles a refused statement at run time stops the rehearsal', async () => {
    const { shop } = await home.createShop()
    const hidden = `do $$ begin execute format('al' || 'ter role %I set work_mem = 99', current_user); end $$;`
    const run = await home.startMigration({ migration: `${MIGRATION}\n${hidden}\n` })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toMatch(
      /the script changed objects that no migration may change: settings of \S+ in every database was added/,
    )
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })

  test.each([
    [
      'a restart of an identity that gave no value yet',
      { migration: `${MIGRATION}alter table waiting alter id restart with 1000;` },
      'sequence public.waiting_id_seq was moved, which is not expected',
      'new migration bundle|correct the migration bundle',
    ],
    [
      'a row that exists',
      { migration: `${MIGRATION}insert into unit values (1, 'Unit 4711', 'article');` },
      'duplicate key value violates unique constraint "unit_pkey"; Key (id)=(…) already exists; the transaction was rolled back',
      'correct the migration bundle',
    ],
    [
      'a statement over its time',
      { migration: `${MIGRATION}select pg_sleep(5);`, spec: { statementTimeoutSeconds: 1 } },
      '57014',
      'raise that in a new migration bundle or divide the statement',
    ],
  ])('%s stops the rehearsal, with what to do', async (_, parts, message, next) => {
    const { shop } = await home.createShop()
    await shop.query(
      'create table waiting (id int generated always as identity); alter table waiting owner to shop_owner',
    )
    const run = await home.startMigration(parts)
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain(message)
    expect(run.stop?.message).not.toContain('4711')
    expect(run.stop?.next).toMatch(new RegExp(next))
    expect((await stateOf(shop)).columns).toEqual([])
  })

  test('a rollback that fails stops the rehearsal', async () => {
    await home.createShop()
    const run = await home.startMigration({ rollback: 'drop table reviews;' })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain('the server refused the rollback')
    expect(run.stop?.message).toContain('"reviews" does not exist')
  })

  test('a rollback that changes objects of the server stops the rehearsal', async () => {
    await home.createShop()
    const hidden = "do $$ begin execute 'alter role shop_owner set work_mem = 99'; end $$;"
    const run = await home.startMigration({ rollback: `${ROLLBACK}${hidden}` })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain(
      'the rollback changed objects that no migration may change: settings of shop_owner in every database was added',
    )
  })

  test('a failing preflight stops the run, and names the check', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration({
      preflight: "select 'ninety' as name, count(*) as value, 90 as expected from unit",
    })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(run.stop?.message).toContain('ninety: is 86, 90 expected')
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })
})
