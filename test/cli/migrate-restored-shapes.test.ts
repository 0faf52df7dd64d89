import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonOf, type RunJson } from '../support/cli.ts'
import { approve } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { skipWithoutPgDump } from '../support/shop-migration.ts'

/** Live migrations of objects that a restored database has with another text, or with their rows in other partitions. */

const skipped = skipWithoutPgDump('migrations of objects that a restore changes')

/** Rows are in the partition that the object id of their enum value decides. */
const SCATTERED = `set role shop_owner; create type kind as enum ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
create table item (id int, kind kind, n int default 0, primary key (id, kind)) partition by hash (kind);
create table item_0 partition of item for values with (modulus 3, remainder 0); create table item_1 partition of item for values with (modulus 3, remainder 1);
create table item_2 partition of item for values with (modulus 3, remainder 2);
insert into item select g, (enum_range(null::kind))[1 + g % 8] from generate_series(1, 100) g; reset role`

const UNITS = "select 'units' as name, count(*) = 86 as ok from public.unit"

describe.skipIf(skipped !== null)('a migration', { timeout: 300_000 }, () => {
  let home: ShopHome

  beforeAll(async () => {
    home = await startShopHome('restored')
  }, 300_000)
  afterAll(() => home.stop(), 300_000)

  async function migrate(migration: string, rollback: string, expected: object): Promise<RunJson> {
    const spec = { expect: expected, sideEffects: [] }
    const run = await home.startMigration({ migration, preflight: UNITS, verify: UNITS, rollback, spec })
    expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
    return jsonOf<RunJson>(await approve(home.at, run.runId, home.key))
  }

  test('closes after it added defaults of domains, NULL as a default, and indexes of rows', async () => {
    const { shop } = await home.createShop()
    // Only a superuser publishes a schema, so that a restored database has the publication without it.
    await shop.query('create publication all_of_public for tables in schema public')
    const done = await migrate(
      `create function first_kind() returns text language sql as $$ select 'a'::text $$;
create domain kind as text default first_kind();
create table parted (id int, v varchar(5) default 'x') partition by list (id);
create table parted_1 (id int, v varchar(5));
alter table parted attach partition parted_1 for values in (1);
create table noted (id int, s varchar(20));
create function note_of(noted) returns text immutable language sql as $$ select ($1).s::text $$;
create index noted_row on noted ((noted.* is null)) where s in ('a', 'b');
create index noted_note on noted (note_of(noted)) where s in ('a', 'b');
alter table noted add constraint noted_once exclude using btree (note_of(noted) with =) where (s in ('a', 'b'));
`,
      'drop table noted cascade; drop table parted; drop domain kind; drop function first_kind()',
      {
        schema: {
          added: [
            'domain public.kind',
            'function public.first_kind()',
            'function public.note_of(public.noted)',
            'index public.noted_note',
            'index public.noted_row',
            ...['noted', 'parted', 'parted_1'].map((name) => `table public.${name}`),
          ],
        },
      },
    )
    expect(done).toMatchObject({ status: 'closed', outcome: 'succeeded' })
  })

  test('counts rows by the table whose partitions depend on object ids', async () => {
    const { shop } = await home.createShop()
    await shop.query(SCATTERED)
    const done = await migrate(
      `update item set n = 1 where id <= 50;
insert into item values (200, 'a'), (201, 'c');
delete from item where id > 90 and id < 200;
update item set kind = 'b' where id between 60 and 70;
`,
      'select 1',
      // Two of the ten deleted rows count as updated, with the ids of the two inserted ones.
      { schema: {}, rows: { 'public.item': { updated: 63, deleted: 8, columns: ['id', 'kind', 'n'] } } },
    )
    expect(done).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    const { rows } = await shop.query('select count(*)::int as items from item')
    expect(rows).toEqual([{ items: 92 }])
  })
})
