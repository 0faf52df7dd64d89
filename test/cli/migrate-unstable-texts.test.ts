import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonOf, type RunJson } from '../support/cli.ts'
import { approve } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { skipWithoutPgDump } from '../support/shop-migration.ts'

/** Databases with definitions that the server writes otherwise once they were dumped and restored. */

const skipped = skipWithoutPgDump('migrations of definitions whose text changes')

const UNSTABLE = `set role shop_owner;
create table a (id int primary key, status varchar(20) not null check (status in ('a', 'b')));
create table b (id int primary key, x int, y int, check (x between 1 and 5 and y > 0));
create domain d as varchar(10) check (value in ('a', 'b'));
create index a_part on a (id) where status in ('a', 'b');
create view v as select id from b where x between 1 and 5 and id > 0;
create view w as select case when status in ('a', 'b') then 1 end as k from a;
alter table a enable row level security;
create policy p on a using (status in ('a', 'b'));
create table g (id int primary key, s varchar(20), k boolean generated always as (s in ('a', 'b')) stored);
create trigger t before update on a for each row when (new.status in ('a', 'b')) execute function touch();
reset role`

const MIGRATION = `alter table a rename column status to state;
alter table unit add column st varchar(10) not null default 'a' check (st in ('a', 'b'));
`

const SPEC = {
  expect: {
    schema: {
      added: ['column public.a.state', 'column public.unit.st', 'constraint public.unit.unit_st_check'],
      removed: ['column public.a.status'],
      changed: [
        'constraint public.a.a_status_check',
        'index public.a_part',
        'policy public.a.p',
        'trigger public.a.t',
        'view public.w',
      ],
    },
  },
  sideEffects: [],
}

describe.skipIf(skipped !== null)('a migration', { timeout: 300_000 }, () => {
  let home: ShopHome

  beforeAll(async () => {
    home = await startShopHome('unstable')
  }, 300_000)
  afterAll(() => home.stop(), 300_000)

  test('migrates live and closes where definitions have another text after a restore', async () => {
    const { shop } = await home.createShop()
    await shop.query(UNSTABLE)
    const run = await home.startMigration({
      migration: MIGRATION,
      preflight: "select 'no state' as name, count(*) = 0 as ok from public.a",
      verify: "select 'a state' as name, count(*) = 0 as ok from public.a where state = 'a'",
      rollback: 'alter table a rename column state to status; alter table unit drop column st',
      spec: SPEC,
    })
    expect(run.stop).toBeUndefined()
    expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
    expect(jsonOf<RunJson>(await approve(home.at, run.runId, home.key))).toMatchObject({
      status: 'closed',
      outcome: 'succeeded',
    })
  })

  test('rolls back after a failed verification where definitions have another text after a restore', async () => {
    const { shop } = await home.createShop()
    await shop.query(UNSTABLE)
    const run = await home.startMigration({
      migration: MIGRATION,
      preflight: "select 'no state' as name, count(*) = 0 as ok from public.a",
      // Only the session after the commit has no advisory lock of the migration.
      verify: `select 'a state' as name, exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
        or current_database() !~ '^unstable' as ok`,
      rollback: 'alter table a rename column state to status; alter table unit drop column st',
      spec: SPEC,
    })
    expect(run.stop).toBeUndefined()
    const waits = jsonOf<RunJson>(await approve(home.at, run.runId, home.key))
    expect(waits).toMatchObject({ status: 'paused', gate: 'SG2' })
    expect(jsonOf<RunJson>(await approve(home.at, run.runId, home.key))).toMatchObject({
      status: 'closed',
      outcome: 'rolled-back',
    })
  })
})
