import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Json } from '../../../src/domain/json.ts'
import { applyInTransaction } from '../../../src/effects/migrate/apply-in-transaction.ts'
import { readCatalogue, readDefinitions } from '../../../src/effects/migrate/read-catalogue.ts'
import { runGuarded } from '../../../src/effects/migrate/run-guarded.ts'
import { readSharedObjects } from '../../../src/effects/migrate/shared-objects.ts'
import type { MigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { bundleOf, CALLER, LIMITS, startTrialFixture, type TrialFixture, tryScript } from './trial-fixture.ts'

/** The measurement covers every way in which a script changes rows and schema. */

let fixture: TrialFixture
let shop: MigrationDatabase
let client: pg.Client

const readCommitted = () => shop.read(CALLER, readSharedObjects)

beforeAll(async () => {
  fixture = await startTrialFixture()
  shop = fixture.shop
}, 120_000)

afterAll(() => fixture.stop())

beforeEach(async () => {
  client = await fixture.recreate()
})

describe('applyInTransaction and the rows of a table', () => {
  test.each([
    ['truncate app.part', 'app.part: 5 rows deleted, 0 expected'],
    ['insert into app.part (unit_id) values (1); truncate app.part', 'app.part: 5 rows deleted, 0 expected'],
    ['do $$ begin truncate app.part; end $$', 'app.part: 5 rows deleted, 0 expected'],
    [
      'drop table other.seen; create table other.seen (id int primary key)',
      'table other.seen was changed, which is not expected; other.seen: 1 rows deleted, 0 expected',
    ],
    [
      'alter table app.unit drop size, add size int',
      'column app.unit.size was changed, which is not expected',
    ],
    ['select lo_create(0)', 'pg_catalog.pg_largeobject_metadata: 1 rows inserted, 0 expected'],
    [
      'grant select on large object 77 to public',
      'pg_catalog.pg_largeobject_metadata: 1 rows updated, 0 expected',
    ],
  ])('applyInTransaction stops at unexpected changes by: %s', async (script, line) => {
    await expect(tryScript(shop, script)).rejects.toThrow(
      `did not do what was expected: ${line}; the transaction was rolled back`,
    )
  })

  test('applyInTransaction counts truncated rows as deleted', async () => {
    const { outcome } = await tryScript(
      shop,
      'truncate app.part; insert into app.part (unit_id) values (1), (2)',
      {
        rows: { 'app.part': { inserted: 2, deleted: 5 } },
      },
    )
    expect(outcome).toMatchObject({
      rows: { 'app.part': { inserted: 2, updated: 0, deleted: 5 } },
      rewritten: ['app.part'],
    })
  })

  test('applyInTransaction counts no rows when a table is only rewritten', async () => {
    const { outcome } = await tryScript(shop, 'alter table app.unit alter size type bigint', {
      schema: { changed: ['column app.unit.size'] },
    })
    expect(outcome).toMatchObject({ rows: {}, rewritten: ['app.unit'] })
  })

  test('applyInTransaction counts truncated rows on the target, also if the table was empty in the rehearsal', async () => {
    await client.query('delete from app.part')
    const { outcome, touched } = await tryScript(shop, 'truncate app.part')
    await client.query('set role owner; insert into app.part (unit_id) values (1)')
    await expect(
      tryScript(shop, 'truncate app.part', {}, { inside: outcome, touches: touched }),
    ).rejects.toThrow('app.part: 1 rows deleted, 0 expected')
  })
})

describe('applyInTransaction and the session', () => {
  test('applyInTransaction restores role, search path and settings of the session', async () => {
    const { verify } = await tryScript(
      shop,
      "set search_path = ''; select set_config('statement_timeout', '1', false); set datestyle = 'German'; set role owner",
    )
    expect(verify).toEqual([{ name: 'ten', pass: true, value: '10', expected: '10', statement: 1 }])
  })

  test('applyInTransaction measures deferred constraints and triggers', async () => {
    await client.query(`set role owner; create constraint trigger noted after update on app.unit deferrable initially deferred
      for each row execute function app.noted()`)
    const { outcome, touched } = await tryScript(shop, 'update unit set size = 0 where id = 1', {
      rows: { 'app.unit': { updated: 1, columns: ['size'] }, 'other.seen': { inserted: 1 } },
    })
    expect(outcome.rows).toHaveProperty(['other.seen'])
    expect(touched).toContain('other.seen')
    await expect(
      tryScript(
        shop,
        'alter table app.part alter constraint part_unit_id_fkey deferrable initially deferred; delete from unit',
      ),
    ).rejects.toThrow('the server refused the script (23503): update or delete on table "unit" violates')
  })

  test('applyInTransaction does not count what other sessions do elsewhere while the script runs', async () => {
    const script = 'select pg_sleep(1.5)'
    const { outcome, touched } = await tryScript(shop, script)
    const catalogue = await shop.read(CALLER, readCatalogue)
    const applying = tryScript(shop, script, {}, { inside: outcome, touches: touched }, catalogue)
    await new Promise((resolve) => setTimeout(resolve, 700))
    await client.query(
      'truncate other.seen; create table other.more (id int); grant all on other.more to owner',
    )
    expect((await applying).outcome).toEqual(outcome)
  })

  test('applyInTransaction does not count a role that others create while the script runs', async () => {
    await client.query('select pg_advisory_lock(7)')
    const applying = tryScript(shop, 'do $$ begin perform pg_advisory_xact_lock(7); end $$')
    const waiting = "select from pg_locks where locktype = 'advisory' and objid = 7 and not granted"
    while ((await client.query(waiting)).rowCount === 0) await sleep(20)
    await client.query('create role newcomer; select pg_advisory_unlock(7)')
    try {
      await expect(applying).resolves.toBeDefined()
    } finally {
      await client.query('drop role newcomer')
    }
  })

  test('applyInTransaction reads strings as the parser did, whatever the database has set', async () => {
    // With standard_conforming_strings off, the string would continue to the next quote, and COMMIT would be outside of a string.
    await expect(tryScript(shop, "select 'a\\', '; commit; select '")).resolves.toBeDefined()
    const { rows } = await client.query("select current_setting('standard_conforming_strings') as it")
    expect(rows).toEqual([{ it: 'off' }])
  })

  test.each([
    'do $$ begin commit; end $$',
    "do $$ begin execute 'commit'; end $$",
    'create procedure app.ended() language plpgsql as $$ begin commit; end $$; call app.ended()',
  ])('the server rejects a script that ends its own transaction: %s', async (script) => {
    await expect(tryScript(shop, script)).rejects.toMatchObject({ facts: { code: 'STOP_MIGRATION_FAILED' } })
    expect((await client.query("select to_regproc('app.ended') as it")).rows).toEqual([{ it: null }])
  })
})

describe('applyInTransaction and the migration bundle', () => {
  test('applyInTransaction stops when a check of verify.sql fails after the script', async () => {
    const failed = tryScript(shop, 'delete from app.unit where id = 10', {
      rows: { 'app.unit': { deleted: 1 } },
    })
    await expect(failed).rejects.toMatchObject({
      message: 'verification: 0 of 1 PASS; failed: ten: is 9, 10 expected',
      facts: { code: 'STOP_VERIFICATION_FAILED' },
    })
  })

  test('applyInTransaction refuses a script that is not the frozen one', async () => {
    const bundle = await bundleOf('select 1;')
    const changed = { ...bundle, texts: { ...bundle.texts, 'migration.sql': 'select 2;' } }
    const catalogue = await shop.read(CALLER, readCatalogue)
    const refused = shop.transaction(CALLER, LIMITS, (sql) =>
      applyInTransaction(sql, { bundle: changed, catalogue, rehearsed: null, apart: [], readCommitted }),
    )
    await expect(refused).rejects.toMatchObject({ facts: { code: 'STOP_SOURCE_CHANGED' } })
  })

  test('applyInTransaction applies nothing when the schema is not the one that was backed up', async () => {
    const catalogue = await shop.read(CALLER, readCatalogue)
    await client.query('create table app.late (id int primary key)')
    await expect(tryScript(shop, 'select 1;', {}, null, catalogue)).rejects.toMatchObject({
      message: expect.stringContaining('app.late'),
      facts: { code: 'STOP_DRIFT' },
    })
  })

  test('applyInTransaction stops when a script changes an object that no migration may change', async () => {
    const script = "do $do$ begin execute 'alter role owner set work_mem = 99'; end $do$"
    await expect(tryScript(shop, script)).rejects.toMatchObject({
      message: expect.stringContaining('settings of owner in every database was added'),
      facts: { code: 'STOP_RESULT_DIFFERS' },
    })
  })

  test('applyInTransaction compares a changed object with that of the rehearsal, which its server writes differently', async () => {
    const view = 'view app.some'
    const query = (letters: string) => `select id from app.unit where code in (${letters})`
    await client.query(`set role owner; alter table app.unit add code varchar(9);
      create view app.some as ${query("'a', 'b'")}`)
    const script = `create or replace view app.some as ${query("'a', 'c'")}`
    const expected = { schema: { changed: [view] } }
    /** The facts of a view, as a server writes them that was given what another one wrote. */
    const restored = async (letters: string): Promise<Json> => {
      await client.query(`create or replace view app.written as ${query(letters)}`)
      const { rows } = await client.query<{ text: string }>(
        `select pg_get_viewdef('app.written'::regclass) as text`,
      )
      await client.query(`create view app.restored as ${rows[0]!.text}`)
      const [found] = await shop.read(CALLER, (sql) => readDefinitions(sql, ['view app.restored']))
      await client.query('drop view app.restored, app.written')
      return found!.facts
    }
    const { outcome: inside, touched: touches } = await tryScript(shop, script, expected, null, undefined, [
      view,
    ])
    const against = async (letters: string) =>
      tryScript(
        shop,
        script,
        expected,
        { inside, touches, apart: { [view]: await restored(letters) } },
        undefined,
        [view],
      )
    expect((await against("'a', 'c'")).apart).toEqual({ [view]: expect.stringMatching(/\w/) })
    await expect(against("'a', 'd'")).rejects.toMatchObject({
      message: expect.stringContaining(`unlike the rehearsal: ${view} has another definition`),
      facts: { code: 'STOP_RESULT_DIFFERS' },
    })
  })

  test('runGuarded stops when a script ends its own transaction', async () => {
    const ended = shop.transaction(CALLER, LIMITS, (sql) =>
      runGuarded(sql, 'commit; begin', 'script', readCommitted),
    )
    await expect(ended).rejects.toMatchObject({
      message: expect.stringContaining('the script ended its own transaction'),
      facts: { code: 'STOP_MIGRATION_FAILED' },
    })
  })

  test('runGuarded does not count roles that others make and remove between two readings', async () => {
    let readings = 0
    const passing = async () => {
      readings += 1
      await client.query(readings === 1 ? 'drop role passing' : `create role passing_${readings}`)
      const found = await readCommitted()
      if (readings > 1) await client.query(`drop role passing_${readings}`)
      return found
    }
    const ran = shop.transaction(CALLER, LIMITS, async (sql) => {
      const guarded = runGuarded(sql, 'select pg_sleep(1)', 'script', passing)
      await sleep(500)
      await client.query('create role passing')
      return guarded
    })
    await expect(ran).resolves.toMatchObject({ transactionId: expect.stringMatching(/^\d+$/) })
    expect(readings).toBeGreaterThan(0)
  })
})
