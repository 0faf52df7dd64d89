import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  compareContents,
  type DatabaseContents,
  findReordered,
  readDatabaseContents,
} from '../../../src/effects/migrate/database-contents.ts'
import { findSameRows } from '../../../src/effects/migrate/same-rows.ts'
import type { Backup } from '../../../src/effects/migrate/take-backup.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { CONTEXT, LIMITS, type RestoredFixture, restoreShop } from './restored-fixture.ts'

const skipped = skipWithoutPgDump('compares rows in another order')

/** Values whose text depends on settings of a session, and names that pg_dump quotes. */
const OBJECTS = `
create table public.moved (id int primary key, at timestamptz, bytes bytea, words text[], span interval, n float8, twice int generated always as (id * 2) stored);
insert into public.moved (id, at, bytes, words, span, n)
  select g, timestamptz '2026-07-01 12:00+03' + g * interval '1 hour', decode('00ff5c0a', 'hex'), array['a' || E'\\n', null, E'\\\\.', g::text], g * interval '1 day 2 hours', g / 3.0 from generate_series(1, 500) g;
create schema "Odd; schema";
create table "Odd; schema"."T.a" ("a b" text);
insert into "Odd; schema"."T.a" values (E'\\\\.'), (''), (null), (repeat('long', 40000));
create table public.no_columns ();
insert into public.no_columns default values;
alter database shop set timezone = 'Asia/Tokyo';
alter database shop set datestyle = 'German';
alter database shop set bytea_output = 'escape';
`

describe.skipIf(skipped !== null).each([1, 2])(
  'rows of a dump by %s processes',
  { timeout: 120_000 },
  (jobs) => {
    let fixture: RestoredFixture

    beforeAll(async () => {
      fixture = await restoreShop({
        jobs,
        async prepare(_, connect) {
          await (await connect()).query(OBJECTS)
        },
      })
    }, 300_000)

    afterAll(async () => fixture?.stop(), 120_000)

    const compareAfter = async (change: string) => {
      const { copy, dumps, dump, source } = fixture
      await copy.transaction(CONTEXT, LIMITS, (sql) => sql.query(change))
      const found = await copy.read(CONTEXT, (sql) => readDatabaseContents(sql, copy, () => undefined))
      const backup = { dump, contents: source.contents } as Backup
      const same = await findSameRows({ dumps }, CONTEXT, { backup, restored: copy }, found)
      return {
        reordered: findReordered(source.contents, found),
        lines: compareContents(source.contents, found, same),
      }
    }

    test('a restored table has its rows in the order of the source', () => {
      expect(fixture.dump.format).toBe(jobs === 1 ? undefined : 'directory')
      expect(fixture.restored.contents).toEqual(fixture.source.contents)
    })

    test('rows in another order are the same rows, and another value among them is a difference', async () => {
      const moved = [
        'update public.moved set at = at where id = 7',
        'delete from "Odd; schema"."T.a" where "a b" = \'\'; insert into "Odd; schema"."T.a" values (\'\')',
      ]
      expect(await compareAfter(moved.join('; '))).toEqual({
        reordered: ['Odd; schema.T.a', 'public.moved'],
        lines: [],
      })
      expect(
        await compareAfter("update public.moved set at = at + interval '1 s' where id = 8"),
      ).toMatchObject({
        lines: ['table public.moved has other values in the rehearsal database'],
      })
    })

    test('a dump with other rows than were read proves nothing', async () => {
      const { copy, dumps, dump, source, restored } = fixture
      const tables = { ...source.contents.tables, 'public.moved': { rows: '500', sum: '0'.repeat(64) } }
      const contents: DatabaseContents = { ...source.contents, tables }
      const backup = { dump, contents } as Backup
      expect(await findSameRows({ dumps }, CONTEXT, { backup, restored: copy }, restored.contents)).toEqual(
        [],
      )
    })

    test('a dump has no rows of the tables without which it is taken', async () => {
      const { dumps, target } = fixture
      const odd = { schema: 'Odd; schema', table: 'T.a' }
      const dump = await target.read(CONTEXT, async (sql) => {
        const { rows } = await sql.query<{ id: string }>('select pg_export_snapshot() as id')
        const given = { name: 'without', snapshot: rows[0]!.id, serverMajor: 15, lockTimeoutMs: 10_000 }
        return dumps.take(CONTEXT, target, { ...given, databaseBytes: 0, without: [odd] })
      })
      const countOf = async (table: { schema: string; table: string }) => {
        let rows = 0
        await dumps.readRows(CONTEXT, dump, table, () => (rows += 1))
        return rows
      }
      expect(await countOf(odd)).toBe(0)
      expect(await countOf({ schema: 'public', table: 'moved' })).toBe(500)
    })
  },
)
