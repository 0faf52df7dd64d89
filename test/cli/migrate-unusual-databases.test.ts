import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { aSigner, LIVE, rehearseOn, resume } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import {
  migrate,
  type Production,
  skipWithoutPgDump,
  startProduction,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** Migrations of databases that hold objects of every kind, and of the embedded target. */

const skipped = skipWithoutPgDump('migration runs on odd databases')

let at: CutterHome
let production: Production

beforeAll(async () => {
  at = aCutterHome(
    `${LIVE}\nbackups: { jobs: 2 }\ntargets:\n  shop: { ownerUrlEnv: SHOP_URL, migratorUrlEnv: SHOP_URL }\n`,
  )
  production = await startProduction()
  await at.server()
}, 300_000)

afterAll(async () => {
  await at.remove()
  await production.stop()
}, 300_000)

const ODD = `
create extension citext;
create extension pg_trgm;
create role app_owner;
create role app_guest;
create schema app authorization app_owner;
comment on schema app is 'ours';
alter default privileges for role app_owner in schema app grant select on tables to app_guest;
set role app_owner;
create type app.mood as enum ('glad', 'sad');
create domain app.percent as int check (value between 0 and 100);
create type app.pair as (a int, b text);
reset role;
create table app.unit (id uuid primary key default gen_random_uuid(), name public.citext unique, mood app.mood, share app.percent,
  two app.pair, doc jsonb, bytes bytea, amount numeric(20, 6), span interval, at timestamptz, list text[], tick tstzrange,
  double float8, which regclass, upper_name text generated always as (upper(name::text)) stored);
insert into app.unit (name, mood, share, two, doc, bytes, amount, span, at, list, tick, double, which)
  select 'Name ' || n, 'glad', n, row(n, 'b'::text)::app.pair, jsonb_build_object('n', n), decode('00ff', 'hex'), n / 3.0, n * interval '1 day 1 us',
    '2025-01-01'::timestamptz + n * interval '1 hour', array['a', null, n::text], tstzrange(now(), null), n / 3.0::float8, 'app.unit'
  from generate_series(1, 50) n;
comment on column app.unit.share is 'of all';
create table app.event (id bigserial, at date not null, primary key (id, at)) partition by range (at);
create table app.event_2025 partition of app.event for values from ('2025-01-01') to ('2026-01-01');
create table app.event_rest partition of app.event default;
insert into app.event (at) select '2025-06-01'::date + n from generate_series(1, 400) n;
create unlogged table app.cache (k text primary key, v text);
insert into app.cache values ('a', 'b');
create table app.old (id int) inherits (app.cache);
create index unit_trgm on app.unit using gin (upper_name public.gin_trgm_ops);
create index unit_part on app.unit (at) where share > 10;
create statistics app.unit_stats on share, amount from app.unit;
alter table app.unit enable row level security;
create policy guests on app.unit for select to app_guest using (share > 5);
create materialized view app.moods as select mood, count(*) from app.unit group by mood;
create materialized view app.empty as select 1 as a with no data;
create function app.note() returns trigger language plpgsql as $$ begin new.at = now(); return new; end $$;
create constraint trigger noted after insert on app.event_rest deferrable initially deferred for each row execute function app.note();
create procedure app.nothing() language sql as $$ select 1 $$;
create aggregate app.total (int) (sfunc = int4pl, stype = int, initcond = '0');
create rule quiet as on delete to app.cache do instead nothing;
create publication news for table app.event;
create function app.watch() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger watched on sql_drop execute function app.watch();
select lo_from_bytea(0, 'large');
create sequence app.down increment -1 maxvalue -1 start -1 minvalue -100;
select nextval('app.down');
grant select (name) on app.unit to app_guest;
revoke execute on function app.note() from public;
create table "Odd name" ("a column" int primary key, "t" int);
insert into "Odd name" values (1, 2);
`

describe.skipIf(skipped !== null)('a database with objects of every kind', { timeout: 300_000 }, () => {
  test('a migration restores such a database from its backup and rehearses on it', async () => {
    const maker = await connectClient(production.url())
    await maker.query('create database odd')
    await maker.query('alter database odd set search_path = app, public')
    await maker.end()
    const odd = await connectClient(production.url('odd'))
    await odd.query(ODD)
    await odd.end()
    at.env.SHOP_URL = production.url('odd')
    const bundle = writeMigrationBundle(at, 'odd', {
      migration:
        'alter table unit add column seen boolean not null default false; update unit set share = share + 1;',
      preflight: "select 'fifty' as name, count(*) as value, 50 as expected from unit",
      verify: "select 'none is seen' as name, bool_and(not seen) as ok from unit",
      rollback: 'alter table unit drop column seen',
      spec: {
        expect: {
          schema: { added: ['column app.unit.seen'] },
          rows: { 'app.unit': { updated: 50, columns: ['share'] } },
        },
        sideEffects: [],
      },
    })
    const run = jsonOf(await migrate(at, bundle))
    expect(run.stop).toBeUndefined()
    expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
    const plan = JSON.parse((await at.cutter(['run', 'plan', run.runId])).stdout)
    expect(plan.notRehearsedWith).toEqual(['event trigger watched'])
    expect(jsonOf(await rehearseOn(at, run.runId))).toMatchObject({
      outcome: 'succeeded',
      output: {
        secondBackup: {
          holds: expect.stringMatching(/, without the rows of 5 tables that the migration does not concern$/),
        },
      },
    })
  })

  test('a dry run backs up every row again where an index reads another table', async () => {
    const maker = await connectClient(production.url())
    await maker.query('create database reading')
    await maker.end()
    const reading = await connectClient(production.url('reading'))
    await reading.query(`create table known (id int primary key); insert into known values (1);
      create table seen (id int primary key); insert into seen values (1);
      create function of_known(int) returns int immutable language plpgsql set search_path = public as $$
        begin if not exists (select from known where id = $1) then raise exception 'unknown'; end if; return $1; end $$;
      create index seen_known on seen (of_known(id))`)
    await reading.end()
    at.env.SHOP_URL = production.url('reading')
    const one = "select 'one' as name, count(*) as value, 1 as expected from public.seen"
    const bundle = writeMigrationBundle(at, 'reading', {
      migration: 'alter table seen add column note text;',
      preflight: one,
      verify: one,
      rollback: 'alter table seen drop column note',
      spec: { expect: { schema: { added: ['column public.seen.note'] } }, sideEffects: [] },
    })
    const run = jsonOf(await migrate(at, bundle))
    expect(run.stop).toBeUndefined()
    expect(jsonOf(await rehearseOn(at, run.runId))).toMatchObject({
      outcome: 'succeeded',
      output: { secondBackup: { holds: 'the migrated state of the rehearsal database' } },
    })
  })

  test('a migration refuses a database with a foreign server, which a rehearsal could reach', async () => {
    const maker = await connectClient(production.url())
    await maker.query('create database far')
    await maker.end()
    const far = await connectClient(production.url('far'))
    await far.query('create foreign data wrapper w; create server elsewhere foreign data wrapper w')
    await far.end()
    at.env.SHOP_URL = production.url('far')
    expect(jsonOf(await migrate(at, writeMigrationBundle(at)))).toMatchObject({
      stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      state: 'BUNDLE_PINNED',
    })
  })
})

describe.skipIf(skipped !== null)('a migration of the embedded target', { timeout: 300_000 }, () => {
  test('a migration of the embedded target needs no configuration', async () => {
    const bundle = writeMigrationBundle(at, 'embedded', {
      migration: 'create table public.extra (id int primary key);',
      preflight: "select 'not there' as name, to_regclass('public.extra') is null as ok",
      verify: "select 'there' as name, to_regclass('public.extra') is not null as ok",
      rollback: 'drop table public.extra',
      spec: { expect: { schema: { added: ['table public.extra'] } }, sideEffects: [] },
    })
    const answer = await at.cutter(['run', 'start', 'migrate', '--bundle', bundle, '--json'])
    const run = jsonOf(answer)
    expect(run.stop).toBeUndefined()
    expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
    expect(jsonOf(await rehearseOn(at, run.runId))).toMatchObject({ outcome: 'succeeded' })
    const { rows } = await (await at.superuser()).query("select to_regclass('public.extra') as there")
    expect(rows).toEqual([{ there: null }])
  })
})

describe.skipIf(skipped !== null)('rehearsal remove', { timeout: 300_000 }, () => {
  test('rehearsal remove refuses an open run, and needs a signature of its own namespace', async () => {
    aSigner(at, undefined, 'cutter.migrate.*')
    const shop = await production.shop('open_shop')
    at.env.SHOP_URL = production.migratorUrl('open_shop')
    const { runId } = jsonOf(await migrate(at, writeMigrationBundle(at)))
    await at.cutter(['execution', 'enable', '--for', '1h', '--reason', 'a test'])
    const early = jsonOf(await at.cutter(['rehearsal', 'remove', runId, '--json']))
    expect(early).toMatchObject({ status: 'stopped', stopCode: 'STOP_REFUSED_INPUT' })
    expect(early.stop?.message).toContain('is not closed and may need its rehearsal database')
    await at.cutter(['run', 'cancel', runId, '--reason', 'a test'])
    const waits = jsonOf(await resume(at, early.runId))
    expect(waits).toMatchObject({ status: 'paused', gate: 'SG1' })
    const { approvalId } = jsonOf<{ approvalId: string }>(
      await at.cutter([
        'approval',
        'sign',
        early.runId,
        '--as',
        'alice@example.org',
        '--key',
        at.path('alice_example_org'),
        '--json',
      ]),
    )
    const refused = await resume(at, early.runId, approvalId)
    expect(jsonOf(refused).error).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'SIGNER_NOT_ALLOWED' })
    const list = await at.cutter(['rehearsal', 'list'])
    expect(list.stdout).toContain(runId)
    await shop.end()
  })
})
