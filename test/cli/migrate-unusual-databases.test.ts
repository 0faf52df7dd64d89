import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
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

/** Databases with everything in them, and the commands round a migration. */

const skipped = skipWithoutPgDump('migration runs on odd databases')

/** The folder of squawk's program, where npm has installed it; else null, which is told once. */
const squawk = folderOfSquawk()
const withoutSquawk = {
  env: {
    PATH: (process.env.PATH ?? '')
      .split(delimiter)
      .filter((folder) => !existsSync(join(folder, 'squawk')))
      .join(delimiter),
  },
}

function folderOfSquawk(): string | null {
  const folder = resolve(import.meta.dirname, '../../node_modules/.bin')
  try {
    execFileSync(join(folder, 'squawk'), ['--version'], { stdio: 'ignore' })
    return folder
  } catch {
    console.info('skipped: squawk’s findings: npm brings no program of squawk-cli for this platform')
    return null
  }
}

let at: CutterHome
let production: Production

beforeAll(async () => {
  at = aCutterHome(`${LIVE}\ntargets:\n  shop: { ownerUrlEnv: SHOP_URL, migratorUrlEnv: SHOP_URL }\n`)
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
create publication told for table app.event;
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

describe.skipIf(skipped !== null)('a database with everything in it', { timeout: 300_000 }, () => {
  test('comes back from its backup as it was, and is rehearsed on', async () => {
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
    expect(jsonOf(await rehearseOn(at, run.runId))).toMatchObject({ outcome: 'succeeded' })
  })

  test('with a foreign server is not rehearsed: a copy could reach what it points to', async () => {
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

describe.skipIf(skipped !== null)('the embedded target', { timeout: 300_000 }, () => {
  test('is migrated without any configuration', async () => {
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

describe.skipIf(skipped !== null)('the removal of a copy', { timeout: 300_000 }, () => {
  test('is refused while the run that rehearsed on it is open, and needs a signature of its own namespace', async () => {
    aSigner(at, undefined, 'cutter.migrate.*')
    const shop = await production.shop('open_shop')
    at.env.SHOP_URL = production.migratorUrl('open_shop')
    const { runId } = jsonOf(await migrate(at, writeMigrationBundle(at)))
    await at.cutter(['execution', 'enable', '--for', '1h', '--reason', 'a test'])
    const early = jsonOf(await at.cutter(['rehearsal', 'remove', runId, '--json']))
    expect(early).toMatchObject({ status: 'stopped', stopCode: 'STOP_REFUSED_INPUT' })
    expect(early.stop?.message).toContain('is not closed and may need its copy')
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

describe('migrate new and lint', () => {
  test('make a bundle without faults, and refuse a folder that is filled', async () => {
    const made = await at.cutter(['migrate', 'new', 'fresh', '--json'])
    expect(made.code).toBe(0)
    const lint = await at.cutter(['migrate', 'lint', 'fresh', '--json'], withoutSquawk)
    expect(lint.code).toBe(0)
    expect(jsonOf<object>(lint)).toMatchObject({
      ok: true,
      faults: [],
      squawk: { tool: 'squawk', installed: false },
    })
    expect((await at.cutter(['migrate', 'lint', 'fresh'], withoutSquawk)).stdout).toContain(
      'squawk is not installed',
    )
    const again = await at.cutter(['migrate', 'new', 'fresh', '--json'])
    expect(again.code).toBe(2)
    expect(jsonOf(again).error?.code).toBe('INPUT_REFUSED')
  })

  test('name each fault with its file and line, and end with 2', async () => {
    const folder = writeMigrationBundle(at, 'faulty', {
      migration: 'select 1;\ncommit;\n',
      verify: 'drop table unit',
    })
    const lint = await at.cutter(['migrate', 'lint', folder, '--json'])
    expect(lint.code).toBe(2)
    expect(jsonOf<{ faults: object[] }>(lint).faults).toMatchObject([
      { file: 'migration.sql', line: 2 },
      { file: 'verify.sql', line: 1 },
    ])
    const none = await at.cutter(['migrate', 'lint', at.path('nowhere'), '--json'])
    expect(none.code).toBe(2)
    expect(jsonOf(none).error?.message).toContain(
      'can’t be used: there is no such folder; nothing was touched',
    )
    const file = await at.cutter(['migrate', 'lint', join(folder, 'verify.sql'), '--json'])
    expect(jsonOf(file).error?.message).toContain('it is no folder')
  })

  test.skipIf(squawk === null || skipped !== null)(
    'ask squawk where it is installed, and its findings are in the plan',
    { timeout: 120_000 },
    async () => {
      const env = { PATH: `${squawk}${delimiter}${withoutSquawk.env.PATH}` }
      const shop = await production.shop('squawked')
      at.env.SHOP_URL = production.migratorUrl('squawked')
      const folder = writeMigrationBundle(at)
      const lint = await at.cutter(['migrate', 'lint', folder, '--json'], { env })
      expect(lint.code).toBe(0)
      const report = jsonOf<{ squawk: { findings: { rule: string; line: number }[] } }>(lint).squawk
      expect(report).toMatchObject({
        tool: 'squawk',
        installed: true,
        version: expect.stringMatching(/^squawk 2\./),
      })
      // The line of the file, counted from 1; of timeouts, which Cutter sets, it says nothing.
      expect(report.findings).toContainEqual(
        expect.objectContaining({ rule: 'prefer-bigint-over-int', line: 6 }),
      )
      expect(report.findings.map(({ rule }) => rule).filter((rule) => rule.includes('timeout'))).toEqual([])
      expect((await at.cutter(['migrate', 'lint', folder], { env })).stdout).toContain(
        'line 6  Warning  prefer-bigint-over-int',
      )
      const started = await at.cutter(
        ['run', 'start', 'migrate', '--bundle', folder, '--target', 'shop', '--json'],
        { env },
      )
      const plan = await at.cutter(['run', 'plan', jsonOf(started).runId])
      expect(JSON.parse(plan.stdout).lint).toEqual(report)
      expect(`sha256:${sha256(plan.stdout)}`).toBe(jsonOf(started).planDigest)
      // What the project has decided for itself stands beside the bundle.
      writeFileSync(
        join(folder, '.squawk.toml'),
        `excluded_rules = [${report.findings.map(({ rule }) => `"${rule}"`)}]\n`,
      )
      const quiet = await at.cutter(['migrate', 'lint', folder, '--json'], { env })
      expect(jsonOf<{ squawk: object }>(quiet).squawk).toMatchObject({ findings: [] })
      await shop.end()
    },
  )

  test('leave the scripts as they are', () => {
    expect(readFileSync(at.path('fresh/migration.sql'), 'utf8')).toContain('add column note text')
  })
})
