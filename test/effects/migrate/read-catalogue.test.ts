import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareContents, readDatabaseContents } from '../../../src/effects/migrate/database-contents.ts'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import { describeSharedChanges, readSharedObjects } from '../../../src/effects/migrate/shared-objects.ts'
import { compareSchemas } from '../../../src/migration/catalogue.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

/** Whatever a statement does to a schema shows by a name; what it does to rows shows by the sums. */

let cluster: Cluster
let client: pg.Client

const SCHEMA = `
create role reader;
create schema app;
create type app.mood as enum ('glad');
create domain app.percent as int check (value <= 100);
create table app.unit (id int primary key, title text, mood app.mood, constraint titled check (title <> ''));
create table app.part (id serial primary key, unit_id int references app.unit) partition by range (id);
create table app.part_1 partition of app.part for values from (1) to (100);
create index part_unit on app.part (unit_id);
create view app.titles as select title from app.unit;
create materialized view app.counted as select count(*) from app.unit;
create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create function app.twice(int) returns int language sql as $$ select $1 * 2 $$;
create aggregate app.total (int) (sfunc = int4pl, stype = int, initcond = '0');
create trigger touched before update on app.unit for each row execute function app.touch();
create rule quiet as on delete to app.unit do instead nothing;
create policy own on app.unit using (id > 0);
create statistics app.both on id, title from app.unit;
create sequence app.tickets;
create table app.odd (t int, q int);
create operator app.=== (leftarg = int, rightarg = int, function = int4eq);
`

beforeAll(async () => {
  cluster = await startCluster()
  client = await connectClient(cluster.url())
  await client.query(SCHEMA)
}, 120_000)

afterAll(async () => {
  await client.end()
  await cluster.stop()
})

/** What a script makes of the catalogue; it is rolled back. */
async function differenceOf(script: string) {
  await client.query('begin')
  try {
    const before = await readCatalogue(client)
    await client.query(script)
    return compareSchemas(before, await readCatalogue(client))
  } finally {
    await client.query('rollback')
  }
}

describe('a difference of schemas', () => {
  test.each([
    ['alter table app.unit add note text', { added: ['column app.unit.note'] }],
    [
      'alter table app.unit drop title',
      {
        removed: [
          'column app.unit.title',
          'constraint app.unit.titled',
          'statistics app.both',
          'view app.titles',
        ],
        cascade: true,
      },
    ],
    ['alter table app.unit alter title set not null', { changed: ['column app.unit.title'] }],
    ["alter table app.unit alter title set default 'a'", { changed: ['column app.unit.title'] }],
    ['alter table app.unit alter id type bigint', { changed: ['column app.unit.id'], loose: true }],
    [
      'alter table app.unit rename title to name',
      { added: ['column app.unit.name'], removed: ['column app.unit.title'], loose: true },
    ],
    ['alter table app.unit enable row level security', { changed: ['table app.unit'] }],
    ['alter table app.unit set (fillfactor = 50)', { changed: ['table app.unit'] }],
    ['alter table app.unit owner to reader', { changed: ['table app.unit'], loose: true }],
    ['alter table app.unit replica identity full', { changed: ['table app.unit'] }],
    ["comment on column app.unit.title is 'a'", { changed: ['column app.unit.title'] }],
    ['alter table app.unit add constraint small check (id < 9)', { added: ['constraint app.unit.small'] }],
    ['alter table app.unit drop constraint titled', { removed: ['constraint app.unit.titled'] }],
    ['alter table app.unit add unique (title)', { added: ['constraint app.unit.unit_title_key'] }],
    ['create index unit_title on app.unit (title)', { added: ['index app.unit_title'] }],
    [
      'create table app.extra (id bigint generated always as identity primary key, at date not null)',
      { added: ['table app.extra'] },
    ],
    [
      'drop table app.part',
      {
        removed: [
          'index app.part_1_unit_id_idx',
          'index app.part_unit',
          'table app.part',
          'table app.part_1',
        ],
      },
    ],
    ['alter table app.part detach partition app.part_1', { changed: ['table app.part_1'], loose: true }],
    ['drop view app.titles', { removed: ['view app.titles'] }],
    [
      'create or replace view app.titles as select title from app.unit where id > 1',
      { changed: ['view app.titles'] },
    ],
    ['drop materialized view app.counted', { removed: ['materialized view app.counted'] }],
    [
      'create or replace function app.twice(int) returns int language sql as $$ select $1 * 3 $$',
      { changed: ['function app.twice(integer)'] },
    ],
    ['alter function app.twice(int) security definer', { changed: ['function app.twice(integer)'] }],
    ['drop aggregate app.total (int)', { removed: ['aggregate app.total(integer)'] }],
    ['alter table app.unit disable trigger touched', { changed: ['trigger app.unit.touched'] }],
    ["comment on policy own on app.unit is 'a'", { changed: ['policy app.unit.own'] }],
    [
      'grant create on schema app to reader; alter statistics app.both owner to reader',
      { added: ['grant create on schema app to reader'], changed: ['statistics app.both'] },
    ],
    ['alter statistics app.both set statistics 9', { changed: ['statistics app.both'] }],
    [
      'alter publication told set table app.unit where (id > 1)',
      { changed: ['publication told'], before: 'create publication told for table app.unit' },
    ],
    [
      'alter publication told add tables in schema app',
      { changed: ['publication told'], before: 'create publication told for table app.odd' },
    ],
    ['drop trigger touched on app.unit', { removed: ['trigger app.unit.touched'] }],
    ['drop rule quiet on app.unit', { removed: ['rule app.unit.quiet'] }],
    ['alter policy own on app.unit using (id > 1)', { changed: ['policy app.unit.own'] }],
    ['drop statistics app.both', { removed: ['statistics app.both'] }],
    ['alter sequence app.tickets increment 2', { changed: ['sequence app.tickets'] }],
    ["alter type app.mood add value 'sad'", { changed: ['type app.mood'] }],
    ['alter domain app.percent set not null', { changed: ['domain app.percent'] }],
    ['grant select on app.unit to reader', { added: ['grant select on table app.unit to reader'] }],
    [
      'grant update (title) on app.unit to reader',
      { added: ['grant update on column app.unit.title to reader'] },
    ],
    ['grant usage on schema app to reader', { added: ['grant usage on schema app to reader'] }],
    [
      'revoke execute on function app.twice(int) from public',
      { removed: ['grant execute on function app.twice(integer) to public'] },
    ],
    [
      'alter default privileges in schema app grant select on tables to reader',
      { added: ['default privileges of postgres on r in app'] },
    ],
    [
      'create function app.thrice(n int, out m int) language sql as $$ select n * 3 $$',
      { added: ['function app.thrice(integer)'] },
    ],
    [
      'create table app.seen (id int); grant select on app.seen to reader',
      { added: ['grant select on table app.seen to reader', 'table app.seen'] },
    ],
    ['create schema other', { added: ['schema other'] }],
    ['create publication told for table app.unit', { added: ['publication told'] }],
    ['drop operator app.=== (int, int)', { removed: ['operator app.===(integer,integer)'] }],
    [
      'create event trigger watched on ddl_command_end execute function app.watch()',
      {
        added: ['event trigger watched'],
        before: 'create function app.watch() returns event_trigger language plpgsql as $$ begin end $$',
      },
    ],
  ] as [
    string,
    {
      added?: string[]
      removed?: string[]
      changed?: string[]
      cascade?: true
      loose?: true
      before?: string
    },
  ][])('shows: %s', async (script, { cascade, loose, before = 'select 1', ...expected }) => {
    await client.query('begin')
    try {
      await client.query(before)
      // A column with dependants is dropped with them; a loosened view would refuse to lose its column.
      if (loose)
        await client.query(
          'drop view app.titles; drop statistics app.both; drop policy own on app.unit; drop materialized view app.counted',
        )
      const was = await readCatalogue(client)
      await client.query(cascade ? `${script} cascade` : script)
      const { added, removed, changed } = compareSchemas(was, await readCatalogue(client))
      const wanted = { added: [], removed: [], changed: [], ...expected }
      if (!loose) expect({ added, removed, changed }).toEqual(wanted)
      else {
        expect(added).toEqual(expect.arrayContaining(wanted.added))
        expect(removed).toEqual(expect.arrayContaining(wanted.removed))
        expect(changed).toEqual(expect.arrayContaining(wanted.changed))
      }
    } finally {
      await client.query('rollback')
    }
  })

  test('is empty for what changes rows, statistics or temporary things only', async () => {
    const script = `insert into app.unit values (1, 'a', 'glad'); update app.unit set title = 'b'; analyze app.unit;
      create temp table passing (a int); select nextval('app.tickets')`
    expect(await differenceOf(script)).toEqual({ added: [], removed: [], changed: [] })
  })
})

describe('what belongs to the whole server or to PostgreSQL itself', () => {
  test.each([
    ["execute 'create role hidden superuser'", 'role hidden was added'],
    ["execute 'alter role reader superuser'", 'role reader was changed'],
    ["execute 'alter role reader password ''a'''", 'password of reader was changed'],
    ["execute 'grant pg_read_all_data to reader'", 'membership of reader in pg_read_all_data was added'],
    ["execute 'alter role reader set work_mem = 99'", 'settings of reader in every database was added'],
    [
      "execute 'alter database postgres set row_security = off'",
      'settings of everybody in postgres was added',
    ],
    ["execute 'grant create on database postgres to reader'", 'database postgres was changed'],
    [
      "execute 'grant execute on function pg_read_file(text) to reader'",
      'privileges on pg_read_file(text) was changed',
    ],
    [
      "execute 'grant execute on function pg_sleep(float8) to reader'",
      'privileges on pg_sleep(double precision) was added',
    ],
    ["execute 'grant select on pg_authid to reader'", 'privileges on pg_authid was changed'],
    [
      "execute 'grant set on parameter log_statement to reader'",
      'privileges on parameter log_statement was added',
    ],
    [
      'alter table app.part disable trigger all',
      'disabling of constraint app.part.part_unit_id_fkey was added',
    ],
  ])('is seen to change: %s', async (act, line) => {
    await client.query('begin')
    try {
      const before = await readSharedObjects(client)
      expect(describeSharedChanges(before, await readSharedObjects(client))).toEqual([])
      await client.query(`do $do$ begin ${act}; end $do$`)
      expect(describeSharedChanges(before, await readSharedObjects(client))).toContain(line)
    } finally {
      await client.query('rollback')
    }
  })

  test.each([
    ['alter table app.part disable trigger all', 'alter table app.part enable trigger all'],
    ['select 1', 'create extension pg_buffercache; create extension pg_stat_statements'],
    ['select 1', 'select lo_create(0)'],
    ['create extension pg_buffercache', 'drop extension pg_buffercache'],
  ])('may come, or come back, by what a bundle declares: %s; %s', async (first, act) => {
    await client.query(`begin; ${first}`)
    try {
      const before = await readSharedObjects(client)
      await client.query(act)
      expect(describeSharedChanges(before, await readSharedObjects(client))).toEqual([])
    } finally {
      await client.query('rollback')
    }
  })
})

describe('the contents of a database', () => {
  test.each([
    [
      "insert into app.unit values (2, 'b', 'glad')",
      'table app.unit has 2 rows in the copy, 1 in the source',
    ],
    ["update app.unit set title = 'A'", 'table app.unit has other values in the copy'],
    ['update app.unit set mood = null', 'table app.unit has other values in the copy'],
    ['update app.odd set q = 3', 'table app.odd has other values in the copy'],
    ['select lo_create(0)', 'the copy has 2 large objects, the source 1'],
    ["select lo_put(4711, 5000000, 'b')", 'a large object has other bytes in the copy'],
    ['create table app.more (a int)', 'table app.more is in the copy only'],
    ['drop table app.part', 'table app.part_1 is missing from the copy'],
  ])('are told apart after: %s', async (script, line) => {
    await client.query('begin')
    try {
      await client.query("insert into app.unit values (1, 'a', 'glad'); insert into app.odd values (1, 2)")
      await client.query("select lo_from_bytea(4711, decode(repeat('0f', 6000000), 'hex'))")
      const before = await readDatabaseContents(client, () => undefined)
      await client.query(script)
      expect(compareContents(before, await readDatabaseContents(client, () => undefined))).toEqual([line])
    } finally {
      await client.query('rollback')
    }
  })

  test('are an error and not a part of themselves where a policy hides rows', async () => {
    await client.query('begin')
    try {
      await client.query(
        'create role peeping; grant usage on schema app to peeping; grant select on all tables in schema app to peeping',
      )
      await client.query('alter table app.unit enable row level security; set local role peeping')
      await expect(readDatabaseContents(client, () => undefined)).rejects.toThrow('row-level security')
    } finally {
      await client.query('rollback')
    }
  })
})
