import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import { compareSchemas } from '../../../src/migration/catalogue.ts'
import { type CatalogueFixture, inTrial, startCatalogueFixture } from './catalogue-fixture.ts'

let fixture: CatalogueFixture
let client: pg.Client

beforeAll(async () => {
  fixture = await startCatalogueFixture()
  client = fixture.client
}, 120_000)

afterAll(() => fixture.stop())

describe('readCatalogue', () => {
  test.each([
    [
      'create type app.span as range (subtype = float8)',
      { added: ['cast (app.span AS app.span_multirange)', 'type app.span'] },
    ],
    [
      `create table app.hidden (id int);
       create temp table pg_class as select * from pg_catalog.pg_class where relname <> 'hidden'`,
      { added: ['table app.hidden'] },
    ],
    [
      `create function app.back() returns int language sql security definer return 1;
       create temp table pg_proc as select * from pg_catalog.pg_proc where proname <> 'back'`,
      { added: ['function app.back()'] },
    ],
    [
      `create table app.hidden (id int); alter table app.hidden owner to reader;
       alter extension plpgsql add table app.hidden`,
      { added: ['table app.hidden'] },
    ],
    [
      `create function app.back() returns int language sql security definer return 1;
       alter function app.back() owner to reader; alter extension plpgsql add function app.back()`,
      { added: ['function app.back()'] },
    ],
    [
      'create table app.hidden (id int); alter extension plpgsql add table app.hidden',
      { added: ['members of extension plpgsql'] },
    ],
    [
      `create function app.back() returns int language sql return 1; alter extension plpgsql add function app.back()`,
      { added: ['members of extension plpgsql'] },
    ],
    [
      `create function app.back() returns int language sql return 1;
       insert into pg_catalog.pg_depend values ('pg_proc'::regclass, 'app.back'::regproc, 0, 'pg_extension'::regclass,
         (select oid from pg_extension where extname = 'plpgsql'), 0, 'e')`,
      { added: ['members of extension plpgsql'] },
    ],
    [
      `create operator app.!=! (leftarg = int, rightarg = int, function = int4eq); alter extension plpgsql add operator app.!=! (int, int)`,
      { added: ['members of extension plpgsql'] },
    ],
    [
      'create function pg_catalog.back() returns int language sql return 1',
      { added: ['objects in schema pg_catalog'] },
    ],
    ['create table information_schema.hidden (id int)', { added: ['objects in schema information_schema'] }],
    [
      `create table app.hidden (id int); update pg_catalog.pg_class set relnamespace = 'pg_toast'::regnamespace where relname = 'hidden'`,
      { added: ['objects in schema pg_toast'] },
    ],
    [
      'set local allow_system_table_mods = on; create schema pg_hidden; create table pg_hidden.one (id int)',
      { added: ['objects in schema pg_hidden'] },
    ],
    ['create access method another type index handler bthandler', { added: ['access method another'] }],
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
      'alter publication news set table app.unit where (id > 1)',
      { changed: ['publication news'], before: 'create publication news for table app.unit' },
    ],
    [
      'alter publication news add tables in schema app',
      {
        added: ['publication news for tables in schema app'],
        before: 'create publication news for table app.odd',
      },
    ],
    [
      'create table app.more (id int)',
      { added: ['table app.more'], before: 'create publication news for tables in schema app' },
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
    ['create publication news for table app.unit', { added: ['publication news'] }],
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
  ][])(
    'compareSchemas reports the change by: %s',
    async (script, { cascade, loose, before = 'select 1', ...expected }) => {
      await inTrial(client, async () => {
        await client.query(before)
        // PostgreSQL refuses these changes while a view, a policy or statistics depend on the column.
        if (loose)
          await client.query(
            'drop view app.titles; drop statistics app.both; drop policy own on app.unit; drop materialized view app.counted',
          )
        const first = await readCatalogue(client)
        await client.query(cascade ? `${script} cascade` : script)
        const { added, removed, changed } = compareSchemas(first, await readCatalogue(client))
        const wanted = { added: [], removed: [], changed: [], ...expected }
        if (!loose) expect({ added, removed, changed }).toEqual(wanted)
        else {
          expect(added).toEqual(expect.arrayContaining(wanted.added))
          expect(removed).toEqual(expect.arrayContaining(wanted.removed))
          expect(changed).toEqual(expect.arrayContaining(wanted.changed))
        }
      })
    },
  )

  test('compareSchemas reports nothing when only rows, statistics or temporary objects change', async () => {
    const script = `insert into app.unit values (1, 'a', 'glad'); update app.unit set title = 'b'; analyze app.unit;
      create temp table temporary_rows (a int); select nextval('app.tickets')`
    await inTrial(client, async () => {
      const before = await readCatalogue(client)
      await client.query(script)
      expect(compareSchemas(before, await readCatalogue(client))).toEqual({
        added: [],
        removed: [],
        changed: [],
      })
    })
  })
})
