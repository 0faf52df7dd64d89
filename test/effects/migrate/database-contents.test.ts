import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareContents, readDatabaseContents } from '../../../src/effects/migrate/database-contents.ts'
import { copyOut } from '../../../src/targets/postgres/copy-out.ts'
import { type CatalogueFixture, inTrial, startCatalogueFixture } from './catalogue-fixture.ts'

let fixture: CatalogueFixture
let client: pg.Client

const readContents = () => readDatabaseContents(client, { copyOut }, () => undefined)

beforeAll(async () => {
  fixture = await startCatalogueFixture()
  client = fixture.client
}, 120_000)

afterAll(() => fixture.stop())

describe('compareContents', () => {
  test.each([
    [
      "insert into app.unit values (2, 'b', 'glad')",
      'table app.unit has 2 rows in the rehearsal database, 1 in the source',
    ],
    ["update app.unit set title = 'A'", 'table app.unit has other values in the rehearsal database'],
    ['update app.unit set mood = null', 'table app.unit has other values in the rehearsal database'],
    ['update app.odd set q = 3', 'table app.odd has other values in the rehearsal database'],
    ['select lo_create(0)', 'the rehearsal database has 2 large objects, the source 1'],
    ["select lo_put(4711, 5000000, 'b')", 'a large object has other bytes in the rehearsal database'],
    ['create table app.more (a int)', 'table app.more exists in the rehearsal database only'],
    ['drop table app.part', 'table app.part_1 is missing from the rehearsal database'],
  ])('compareContents finds the difference after: %s', async (script, line) => {
    await inTrial(client, async () => {
      await client.query("insert into app.unit values (1, 'a', 'glad'); insert into app.odd values (1, 2)")
      await client.query("select lo_from_bytea(4711, decode(repeat('0f', 6000000), 'hex'))")
      const before = await readContents()
      await client.query(script)
      expect(compareContents(before, await readContents())).toEqual([line])
    })
  })

  test('readDatabaseContents fails when a policy hides rows', async () => {
    await inTrial(client, async () => {
      await client.query(
        'create role restricted; grant usage on schema app to restricted; grant select on all tables in schema app to restricted',
      )
      await client.query('alter table app.unit enable row level security; set local role restricted')
      await expect(readContents()).rejects.toThrow('row-level security')
    })
  })

  test('compareContents ignores sums that an earlier version made in another way', async () => {
    await inTrial(client, async () => {
      const { sums: _, tables, ...rest } = await readContents()
      const before = {
        ...rest,
        tables: Object.fromEntries(
          Object.entries(tables).map(([name, { rows }]) => [name, { rows, sum: '1/2' }]),
        ),
      }
      expect(compareContents(before, { sums: 'copy', tables, ...rest })).toEqual([])
      await client.query("insert into app.unit values (2, 'b', 'glad')")
      expect(compareContents(before, await readContents())).toEqual([
        'table app.unit has 1 rows in the rehearsal database, 0 in the source',
      ])
    })
  })

  test.for([
    { name: 'the predicate of an index', sql: `create index on app.own (id) where app.ran('a') = 'a'` },
    { name: 'an expression of an index', sql: `create index on app.own ((app.ran('a') || id))` },
    {
      name: 'an expression of statistics',
      sql: `create statistics app.of on (app.ran('a') || id), b from app.own`,
    },
    { name: 'a check', sql: `alter table app.own add check (app.ran('a') = 'a')` },
    { name: 'a cast of the row', sql: 'create cast (app.own as text) with function app.row_text(app.own)' },
    {
      name: 'a column of a type with a cast',
      sql: `create type app.part_of as (n text); alter table app.own add c app.part_of;
        create function app.part_json(app.part_of) returns json language plpgsql as $$ begin raise notice 'ran'; return '1'; end $$;
        create cast (app.part_of as json) with function app.part_json(app.part_of); update app.own set c = row('a')`,
    },
    {
      name: 'a column of a domain',
      sql: `create domain app.word as text check (app.ran(value) <> ''); alter table app.own alter b type app.word`,
    },
    {
      name: 'a generated column',
      sql: `alter table app.own add c text generated always as (app.ran(b)) stored`,
    },
    {
      name: 'a default and a trigger',
      sql: `alter table app.own alter b set default app.ran('a');
        create trigger t after insert on app.own execute function app.ran_at_write()`,
    },
    {
      name: 'a partition',
      sql: `create table app.parted (b text) partition by list ((app.ran(b)));
        create table app.first_part partition of app.parted for values in ('x')`,
    },
    {
      name: 'a materialized view',
      sql: `create materialized view app.m as select 1 as id; create index on app.m (id) where app.ran('a') = 'a'`,
    },
    {
      name: 'functions with the names of the server’s',
      sql: `create function public.format(text, name, name) returns text language sql as $$ select app.ran('a') $$;
        create function public.string_agg(text, text) returns text language sql as $$ select app.ran('a') $$;
        set local search_path = public, pg_catalog`,
    },
  ])('readDatabaseContents runs nothing of $name', async ({ sql }) => {
    await inTrial(client, async () => {
      await client.query(`create table app.own (id text, b text); insert into app.own values ('1', 'x');
        create function app.ran(text) returns text immutable language plpgsql as $$ begin raise notice 'ran'; return $1; end $$;
        create function app.ran_at_write() returns trigger language plpgsql as $$ begin raise notice 'ran'; return null; end $$;
        create function app.row_text(app.own) returns text language plpgsql as $$ begin raise notice 'ran'; return ''; end $$`)
      await client.query(sql)
      const heard: string[] = []
      const hear = (notice: { message: string | undefined }) => heard.push(notice.message ?? '')
      client.on('notice', hear)
      const { tables } = await readContents()
      client.off('notice', hear)
      expect(heard).toEqual([])
      expect(tables['app.own']).toMatchObject({ rows: '1' })
    })
  })
})
