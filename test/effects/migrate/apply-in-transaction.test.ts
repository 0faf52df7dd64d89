import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/domain/json.ts'
import {
  type AppliedMigration,
  applyInTransaction,
} from '../../../src/effects/migrate/apply-in-transaction.ts'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import type { Catalogue } from '../../../src/migration/catalogue.ts'
import { lintMigrationBundle } from '../../../src/migration/lint-migration-bundle.ts'
import { scaffoldMigrationBundle } from '../../../src/migration/scaffold-migration-bundle.ts'
import { openMigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

/** The measurement covers every way in which a script changes rows and schema. Locks show what the script depends on. */

let cluster: Cluster
let maker: pg.Client
let client: pg.Client

const SHOP = `
create role owner login;
create schema app authorization owner;
create schema other authorization owner;
set role owner;
create table app.unit (id int primary key, title text not null, size int);
create table app.part (id int generated always as identity primary key, unit_id int references app.unit);
create table other.seen (id int primary key);
insert into app.unit select n, 'Unit ' || n, n from generate_series(1, 10) n;
insert into app.part (unit_id) select n from generate_series(1, 5) n;
insert into other.seen values (1);
select lo_create(77);
create function app.noted() returns trigger language plpgsql as $$ begin insert into other.seen values (new.id + 100); return null; end $$;
reset role;
`

beforeAll(async () => {
  cluster = await startCluster()
  maker = await connectClient(cluster.url())
}, 120_000)

afterAll(async () => {
  await client.end()
  await maker.end()
  await cluster.stop()
})

beforeEach(async () => {
  await client?.end()
  await maker.query('drop database if exists shop with (force)')
  await maker.query('drop role if exists owner')
  await maker.query('create database shop')
  await maker.query(
    'alter database shop set search_path = app, public; alter database shop set standard_conforming_strings = off',
  )
  client = await connectClient(cluster.url('shop'))
  await client.query(SHOP)
})

const limits = { lockTimeoutMs: 2_000, statementTimeoutMs: 10_000 }
const context = { runId: 'mig-1', signal: new AbortController().signal }
const shop = () =>
  openMigrationDatabase({ name: 'target shop', role: 'owner', url: () => cluster.url('shop', 'owner') })

interface Expected {
  schema?: object
  rows?: object
}

async function bundleOf(migration: string, { schema = {}, rows = {} }: Expected = {}) {
  const files = scaffoldMigrationBundle('a')
  const spec = {
    name: 'a',
    migration: { file: 'migration.sql', sha256: sha256(migration) },
    preflight: 'preflight.sql',
    verify: 'verify.sql',
    rollback: 'rollback.sql',
    expect: { schema, rows },
    lockTimeoutSeconds: 2,
    statementTimeoutSeconds: 10,
  }
  const { faults, bundle } = await lintMigrationBundle({
    ...files,
    'migration.sql': migration,
    'preflight.sql': "select 'a' as name, true as ok",
    'verify.sql': "select 'ten' as name, count(*) as value, 10 as expected from unit",
    'bundle.yaml': JSON.stringify(spec),
  })
  expect(faults).toEqual([])
  return bundle!
}

class TrialResult {
  readonly applied: AppliedMigration
  constructor(applied: AppliedMigration) {
    this.applied = applied
  }
}

/** Applies a script in a transaction that is rolled back; without `rehearsed`, as a rehearsal does. */
async function applied(
  migration: string,
  expected: Expected = {},
  rehearsed: { inside: AppliedMigration['outcome']; touches: string[] } | null = null,
  catalogue?: Catalogue,
): Promise<AppliedMigration> {
  const bundle = await bundleOf(migration, expected)
  const before = catalogue ?? (await shop().read(context, readCatalogue))
  try {
    await shop().transaction(context, limits, async (sql) => {
      throw new TrialResult(await applyInTransaction(sql, { bundle, catalogue: before, rehearsed }))
    })
  } catch (error) {
    if (error instanceof TrialResult) return error.applied
    throw error
  }
  throw new Error('unreachable')
}

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
    await expect(applied(script)).rejects.toThrow(
      `did not do what was expected: ${line}; the transaction was rolled back`,
    )
  })

  test('applyInTransaction counts truncated rows as deleted', async () => {
    const { outcome } = await applied('truncate app.part; insert into app.part (unit_id) values (1), (2)', {
      rows: { 'app.part': { inserted: 2, deleted: 5 } },
    })
    expect(outcome).toMatchObject({
      rows: { 'app.part': { inserted: 2, updated: 0, deleted: 5 } },
      rewritten: ['app.part'],
    })
  })

  test('applyInTransaction counts no rows when a table is only rewritten', async () => {
    const { outcome } = await applied('alter table app.unit alter size type bigint', {
      schema: { changed: ['column app.unit.size'] },
    })
    expect(outcome).toMatchObject({ rows: {}, rewritten: ['app.unit'] })
  })

  test('applyInTransaction counts truncated rows on the target, also if the table was empty in the rehearsal', async () => {
    await client.query('delete from app.part')
    const { outcome, touched } = await applied('truncate app.part')
    await client.query('set role owner; insert into app.part (unit_id) values (1)')
    await expect(applied('truncate app.part', {}, { inside: outcome, touches: touched })).rejects.toThrow(
      'app.part: 1 rows deleted, 0 expected',
    )
  })
})

describe('applyInTransaction and the relations that a script touches', () => {
  const SCRIPT = 'update unit set size = 0'
  const expected = { rows: { 'app.unit': { updated: 10, columns: ['size'] } } }

  test('applyInTransaction returns every relation that the script reads, writes or alters, and the schemas of its search path', async () => {
    const { touched } = await applied(
      'create index on app.part (unit_id); do $$ begin perform count(*) from other.seen; end $$',
      { schema: { added: ['index app.part_unit_id_idx'] } },
    )
    expect(touched).toEqual(['app', 'app.part', 'other', 'other.seen', 'public'])
    const path = await applied('set search_path = "Far, away", "$user"')
    expect(path.touched).toEqual(['Far, away', 'app', 'owner', 'public'])
  })

  /** Rehearsed, then the schema is changed by others, then applied. */
  async function appliedAfter(change: string) {
    const catalogue = await shop().read(context, readCatalogue)
    const { outcome, touched } = await applied(SCRIPT, expected)
    await client.query(change)
    return applied(SCRIPT, expected, { inside: outcome, touches: touched }, catalogue)
  }

  test.each([
    'create table other.more (id int); create index on other.seen (id)',
    'create schema elsewhere; create table elsewhere.a (id int); grant all on elsewhere.a to owner',
    'alter table app.part add note text',
    'drop table other.seen cascade',
  ])('applyInTransaction ignores changes of others elsewhere: %s', async (change) => {
    expect((await appliedAfter(change)).outcome.rows).toEqual({
      'app.unit': { inserted: 0, updated: 10, deleted: 0 },
    })
  })

  test.each([
    ['alter table app.unit add note text', 'column app.unit.note was added'],
    [
      'create trigger noted after update on app.unit for each row execute function app.noted()',
      'trigger app.unit.noted was added',
    ],
    // In a schema that comes first in the search path, it would be used instead of the rehearsed table.
    ['create table other.unit (id int)', 'table other.unit was added'],
    [
      'create function app.other() returns int language sql as $$ select 1 $$',
      'function app.other() was added',
    ],
    ['create extension pg_trgm', 'extension pg_trgm was added'],
  ])('applyInTransaction stops at changes of others there: %s', async (change, line) => {
    await expect(appliedAfter(change)).rejects.toThrow(line)
  })

  test('applyInTransaction stops when the script touches other relations than in the rehearsal', async () => {
    const script =
      'do $$ begin if (select count(*) from app.part) > 5 then perform * from other.seen; end if; end $$'
    const { outcome, touched } = await applied(script)
    await client.query('set role owner; insert into app.part (unit_id) values (1); reset role')
    await expect(applied(script, {}, { inside: outcome, touches: touched })).rejects.toThrow(
      'unlike the rehearsal: it touched other; unlike the rehearsal: it touched other.seen',
    )
  })
})

describe('applyInTransaction and the session', () => {
  test('applyInTransaction restores role, search path and settings of the session', async () => {
    const { verify } = await applied(
      "set search_path = ''; select set_config('statement_timeout', '1', false); set datestyle = 'German'; set role owner",
    )
    expect(verify).toEqual([{ name: 'ten', pass: true, value: '10', expected: '10' }])
  })

  test('applyInTransaction measures deferred constraints and triggers', async () => {
    await client.query(`set role owner; create constraint trigger noted after update on app.unit deferrable initially deferred
      for each row execute function app.noted()`)
    const { outcome, touched } = await applied('update unit set size = 0 where id = 1', {
      rows: { 'app.unit': { updated: 1, columns: ['size'] }, 'other.seen': { inserted: 1 } },
    })
    expect(outcome.rows).toHaveProperty(['other.seen'])
    expect(touched).toContain('other.seen')
    await expect(
      applied(
        'alter table app.part alter constraint part_unit_id_fkey deferrable initially deferred; delete from unit',
      ),
    ).rejects.toThrow('the server refused the script (23503): update or delete on table "unit" violates')
  })

  test('applyInTransaction does not count what other sessions do elsewhere while the script runs', async () => {
    const script = 'select pg_sleep(1.5)'
    const { outcome, touched } = await applied(script)
    const catalogue = await shop().read(context, readCatalogue)
    const applying = applied(script, {}, { inside: outcome, touches: touched }, catalogue)
    await new Promise((resolve) => setTimeout(resolve, 700))
    await client.query(
      'truncate other.seen; create table other.more (id int); grant all on other.more to owner',
    )
    expect((await applying).outcome).toEqual(outcome)
  })

  test('applyInTransaction reads strings as the parser did, whatever the database has set', async () => {
    // With standard_conforming_strings off, the string would continue to the next quote, and COMMIT would be outside of a string.
    await expect(applied("select 'a\\', '; commit; select '")).resolves.toBeDefined()
    const { rows } = await client.query("select current_setting('standard_conforming_strings') as it")
    expect(rows).toEqual([{ it: 'off' }])
  })

  test.each([
    'do $$ begin commit; end $$',
    "do $$ begin execute 'commit'; end $$",
    'create procedure app.ended() language plpgsql as $$ begin commit; end $$; call app.ended()',
  ])('the server rejects a script that ends its own transaction: %s', async (script) => {
    await expect(applied(script)).rejects.toMatchObject({ facts: { code: 'STOP_MIGRATION_FAILED' } })
    expect((await client.query("select to_regproc('app.ended') as it")).rows).toEqual([{ it: null }])
  })
})

describe('applyInTransaction and the migration bundle', () => {
  test('applyInTransaction stops when a check of verify.sql fails after the script', async () => {
    const failed = applied('delete from app.unit where id = 10', { rows: { 'app.unit': { deleted: 1 } } })
    await expect(failed).rejects.toMatchObject({
      message: 'verification: 0 of 1 PASS; failed: ten: is 9, 10 expected',
      facts: { code: 'STOP_VERIFICATION_FAILED' },
    })
  })

  test('applyInTransaction refuses a script that is not the frozen one', async () => {
    const bundle = await bundleOf('select 1;')
    const changed = { ...bundle, texts: { ...bundle.texts, 'migration.sql': 'select 2;' } }
    const catalogue = await shop().read(context, readCatalogue)
    const refused = shop().transaction(context, limits, (sql) =>
      applyInTransaction(sql, { bundle: changed, catalogue, rehearsed: null }),
    )
    await expect(refused).rejects.toMatchObject({ facts: { code: 'STOP_SOURCE_CHANGED' } })
  })
})
