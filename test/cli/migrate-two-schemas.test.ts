import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonOf } from '../support/cli.ts'
import { approve, historyOf } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { migrate, skipWithoutPgDump, writeMigrationBundle } from '../support/shop-migration.ts'

/**
 * The first migration of the original system, retold: two columns on each of two tables in two schemas, one table with four indexes, 86
 * rows filled in one table and 76 in the other. A trigger of the first table sets its `updated_at`, of which there were three values.
 */

const BEFORE = `
set role shop_owner;
create schema governance;
create table public.information_unit (
  id int primary key, kind text not null, body text not null, updated_at timestamptz not null default now());
create table governance.review_decision (id int primary key, unit_id int not null references public.information_unit, verdict text not null);
create function public.touch_unit() returns trigger language plpgsql as $$ begin new.updated_at = now(); return new; end $$;
create trigger touched before update on public.information_unit for each row execute function public.touch_unit();
insert into public.information_unit
  select n, case when n <= 42 then 'article' when n <= 57 then 'principle' else 'section' end, 'Text ' || n,
    timestamptz '2025-01-01 00:00+00' + (n % 3) * interval '1 day'
  from generate_series(1, 86) n;
insert into governance.review_decision select n, n, case when n % 4 = 0 then 'reject' else 'approve' end from generate_series(1, 76) n;
reset role;
`
const MIGRATION = `
alter table public.information_unit add column owner_ref text, add column conformance_status text;
alter table governance.review_decision add column review_scope text, add column risk_class text;
create table governance.unit_alias (
  alias_id bigint generated always as identity primary key,
  alias_address text not null,
  unit_id int not null references public.information_unit,
  kind text not null check (kind in ('rename', 'redirect')),
  created_at timestamptz not null default now()
);
create index unit_alias_address on governance.unit_alias (alias_address);
create index unit_alias_unit on governance.unit_alias (unit_id);
create index unit_alias_kind on governance.unit_alias (kind, created_at);
create unique index unit_alias_once on governance.unit_alias (alias_address, unit_id, kind);
update public.information_unit set owner_ref = 'office', conformance_status = case kind when 'section' then 'open' else 'conforms' end;
update governance.review_decision set review_scope = 'unit', risk_class = case verdict when 'reject' then 'high' else 'low' end;
`
const ADDED = [
  'column public.information_unit.owner_ref',
  'column public.information_unit.conformance_status',
  'column governance.review_decision.review_scope',
  'column governance.review_decision.risk_class',
  'table governance.unit_alias',
  'index governance.unit_alias_address',
  'index governance.unit_alias_unit',
  'index governance.unit_alias_kind',
  'index governance.unit_alias_once',
]
const BUNDLE = {
  migration: MIGRATION,
  preflight: `select 'units' as name, count(*) as value, 86 as expected from public.information_unit;
select 'decisions' as name, count(*) as value, 76 as expected from governance.review_decision;
`,
  verify: `select 'every unit has an owner' as name, bool_and(owner_ref = 'office') as ok from public.information_unit;
select 'every decision has a class' as name, bool_and(risk_class is not null) as ok from governance.review_decision;
`,
  rollback: `drop table governance.unit_alias;
alter table governance.review_decision drop column review_scope, drop column risk_class;
alter table public.information_unit drop column owner_ref, drop column conformance_status;
`,
  spec: {
    expect: {
      schema: { added: ADDED, removed: [], changed: [] },
      rows: {
        'public.information_unit': { updated: 86 },
        'governance.review_decision': { updated: 76 },
      },
      distributions: [
        {
          name: 'units by conformance',
          sql: 'select conformance_status, count(*) as units from public.information_unit group by conformance_status;',
          rows: [
            { conformance_status: 'conforms', units: 57 },
            { conformance_status: 'open', units: 29 },
          ],
        },
        {
          name: 'decisions by class',
          sql: 'select risk_class, count(*) as decisions from governance.review_decision group by risk_class;',
          rows: [
            { risk_class: 'high', decisions: 19 },
            { risk_class: 'low', decisions: 57 },
          ],
        },
      ],
    },
    sideEffects: [
      {
        what: 'the trigger touches updated_at',
        table: 'public.information_unit',
        columns: ['updated_at'],
        rows: 86,
      },
    ],
  },
}

/** What `run explain` says of the world. */
interface Seen {
  world: object
  differences: string[]
}

const skipped = skipWithoutPgDump('a migration of two schemas')

describe.skipIf(skipped !== null)('a migration of two schemas', { timeout: 600_000 }, () => {
  let home: ShopHome
  beforeAll(async () => {
    home = await startShopHome()
  }, 300_000)
  afterAll(() => home.stop(), 300_000)

  test('changes 86 and 76 rows, adds 9 objects, and its closeout says what changed and that nothing else did', async () => {
    const { at, key } = home
    const { shop, name } = await home.createShop()
    await shop.query(`grant create on database ${name} to shop_owner`)
    await shop.query(BEFORE)
    const bundle = writeMigrationBundle(at, 'two-schemas', BUNDLE)
    const started = jsonOf(await migrate(at, bundle, '--mode', 'live'))
    const counts = {
      added: 9,
      removed: 0,
      changed: 0,
      rows: {
        'public.information_unit': { inserted: 0, updated: 86, deleted: 0 },
        'governance.review_decision': { inserted: 0, updated: 76, deleted: 0 },
      },
    }
    expect(started.output).toMatchObject({ preflight: '2 of 2 PASS', rehearsal: counts })
    const seen = async () => jsonOf<Seen>(await at.cutter(['run', 'explain', started.runId, '--json']))
    const entries = (await historyOf(at, started.runId)).length
    expect(await seen()).toMatchObject({ world: { how: 'looked', isAsPlanned: true }, differences: [] })
    await shop.query('alter table governance.review_decision add column by_hand int')
    expect(await seen()).toMatchObject({
      world: { how: 'looked', isAsPlanned: false },
      differences: [expect.stringContaining('column governance.review_decision.by_hand')],
    })
    await shop.query('alter table governance.review_decision drop column by_hand')
    expect(await historyOf(at, started.runId)).toHaveLength(entries)

    const ended = jsonOf(await approve(at, started.runId, key))
    expect(ended).toMatchObject({ outcome: 'succeeded', output: { migration: counts } })

    const folder = at.path(`var/runs/${started.runId}`)
    const report = readdirSync(folder).find((file) => file.endsWith('-closeout.md'))!
    const closeout = readFileSync(join(folder, report), 'utf8')
    for (const line of [
      ...ADDED.map((one) => `added: ${one}`),
      'public.information_unit.updated_at: another value in 86 rows; distinct values 3 → 1',
      'rollback executed: no',
      'scope: nothing beyond the plan',
      'Values after it: units by conformance',
      'Values after it: decisions by class',
    ])
      expect(closeout).toContain(line)
    const { rows } = await shop.query(
      `select (select count(distinct updated_at)::int from public.information_unit) as touched,
         (select count(*)::int from governance.review_decision where risk_class = 'high') as high`,
    )
    expect(rows).toEqual([{ touched: 1, high: 19 }])
  })
})
