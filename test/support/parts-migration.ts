import type pg from 'pg'
import type { BundleParts } from './shop-migration.ts'

/** An index, a constraint that is made of it, a back-fill in batches, a constraint, and a vacuum: every kind of part, in each place. */
const SCRIPT = `create unique index concurrently unit_title_key on public.unit (title);
alter table public.unit add constraint unit_title_unique unique using index unit_title_key;
alter table public.unit add column state text;
update public.unit set state = kind where id in (select id from public.unit where state is null order by id limit 30);
alter table public.unit alter column state set not null;
create index concurrently unit_state on public.unit (state);
alter index public.unit_state rename to unit_by_state;
vacuum public.unit;
`

/** A migration of the shop with statements outside of a transaction first, in the middle and last. */
export const PARTS: BundleParts = {
  migration: SCRIPT,
  preflight: `select 'no state yet' as name, count(*) as value, 0 as expected from pg_catalog.pg_attribute
  where attrelid = 'public.unit'::regclass and attname = 'state';
`,
  verify: `select 'all have a state' as name, count(*) as value, 86 as expected from public.unit where state = kind;
`,
  rollback: `alter table public.unit drop column if exists state;
alter table public.unit drop constraint if exists unit_title_unique;
drop index if exists public.unit_title_key;
`,
  spec: {
    nonTransactional: [1, 6, 8],
    batches: [{ statement: 4, rows: 30, atMost: 4 }],
    expect: {
      schema: {
        added: [
          'column public.unit.state',
          'constraint public.unit.unit_title_unique',
          'index public.unit_by_state',
        ],
        removed: [],
        changed: [],
      },
      rows: { 'public.unit': { updated: 86 } },
      distributions: [
        {
          name: 'by state',
          sql: 'select state, count(*)::int as n from public.unit group by state',
          rows: [
            { state: 'article', n: 28 },
            { state: 'section', n: 58 },
          ],
        },
      ],
    },
    sideEffects: [{ what: 'the trigger', table: 'public.unit', columns: ['updated_at'], rows: 86 }],
  },
}

/** The same with a check that passes in the rehearsal and not on the target, and a rollback with statements outside of a transaction and batches. */
export const rollingBack = (shop: string): BundleParts => ({
  ...PARTS,
  verify: `${PARTS.verify}select 'settled' as name, current_database() <> '${shop}' as ok;\n`,
  rollback: `drop index concurrently public.unit_by_state;
alter table public.unit alter column state drop not null;
update public.unit set state = null where id in (select id from public.unit where state is not null order by id limit 30);
alter table public.unit drop column state;
vacuum public.unit;
alter table public.unit drop constraint unit_title_unique;
vacuum public.unit;
`,
  spec: {
    ...PARTS.spec,
    rollbackNonTransactional: [1, 5, 7],
    rollbackBatches: [{ statement: 3, rows: 30, atMost: 3 }],
  },
})

/** What it changes of the shop. */
export async function partsStateOf(
  shop: pg.Client,
): Promise<{ column: number; indexes: string[] | null; touched: number }> {
  const { rows } = await shop.query(
    `select (select count(*)::int from pg_attribute where attrelid = 'unit'::regclass and attname = 'state') as column,
       (select array_agg(c.relname::text order by c.relname) from pg_class c join pg_index i on i.indexrelid = c.oid
        where c.relname ~ '^unit_(title|state|by)' and i.indisvalid) as indexes,
       (select count(*)::int from unit where updated_at > '2025-06-01') as touched`,
  )
  return rows[0]
}

export const PARTS_UNTOUCHED = { column: 0, indexes: null, touched: 0 }
export const PARTS_DONE = { column: 1, indexes: ['unit_by_state', 'unit_title_unique'], touched: 86 }
