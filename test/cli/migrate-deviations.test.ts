import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProposedBundles } from '../../src/service/migrations/propose.ts'
import { jsonOf, type RunJson } from '../support/cli.ts'
import { approve, resume } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import {
  type BundleParts,
  migrate,
  skipWithoutPgDump,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** Databases with objects that a backup does not hold, or does not restore by itself. */

const skipped = skipWithoutPgDump('migrations of databases that a restore can’t equal')

/** A superuser's objects are in `shop` before these of the owner. */
const OBJECTS = `set role shop_owner;
create materialized view stale as select count(*) from unit; delete from unit_version where id = 1;
create table dup (id int primary key, n int); insert into dup values (1, 1), (2, 1);
create function low(x text) returns text immutable language sql as $$ select lower(x) $$;
create function nrm(x text) returns text immutable language plpgsql as $$ begin return low(x); end $$;
create table named (id int primary key, n text); insert into named values (1, 'A'); create index named_n on named (nrm(n));
create table chk (id int, s text check (nrm(s) = 'a')); insert into chk values (1, 'A');
create domain dom as text check (nrm(value) = 'a'); create table of_dom (s dom); insert into of_dom values ('A');
create table part (s text) partition by list (nrm(s)); create table part_a partition of part for values in ('a'); insert into part values ('A');
create table gen (s text, l text generated always as (nrm(s)) stored); insert into gen values ('A');
create function known(x int) returns boolean stable language sql as $$ select exists (select from public.unit where id = x) $$;
create table by_unit (id int check (known(id))); insert into by_unit values (1);
reset role`

/** Repairs what a restore stumbles over. */
const REPAIR = {
  migration: `drop index dup_n;
alter function nrm(text) set search_path = public, pg_temp;
`,
  preflight: "select 'dup' as name, count(*) = 2 as ok from public.dup",
  verify: "select 'dup' as name, count(*) = 2 as ok from public.dup",
  rollback: 'select 1',
  spec: {
    expect: { schema: { removed: ['index public.dup_n'], changed: ['function public.nrm(text)'] } },
    sideEffects: [],
  },
}

const FOREIGN = {
  migration: 'alter table unit add column note text;',
  preflight: "select 'units' as name, count(*) as value, 86 as expected from public.unit",
  verify: "select 'units' as name, count(*) as value, 86 as expected from public.unit",
  rollback: 'alter table unit drop column note',
}

describe.skipIf(skipped !== null)('a migration', { timeout: 300_000 }, () => {
  let home: ShopHome

  beforeAll(async () => {
    home = await startShopHome('deviating')
  }, 300_000)
  afterAll(() => home.stop(), 300_000)

  async function startOn(shop: pg.Client, parts: BundleParts): Promise<RunJson> {
    await shop.end()
    return home.startMigration(parts)
  }

  function closeoutOf(runId: string): string {
    const folder = home.at.path(`var/runs/${runId}`)
    const closeout = readdirSync(folder).find((name) => name.endsWith('-closeout.md'))!
    return readFileSync(join(folder, closeout), 'utf8')
  }

  test('repairs a database whose backup lacks an index and needs a search path', async () => {
    const { shop } = await home.createShop()
    await shop.query("create extension pg_stat_statements version '1.8'")
    await shop.query(OBJECTS)
    const owner = await connectClient(home.at.env.SHOP_URL!)
    await expect(owner.query('create unique index concurrently dup_n on dup (n)')).rejects.toThrow()
    await owner.end()
    const run = await startOn(shop, REPAIR)
    expect(run.stop).toBeUndefined()
    expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
    const { stdout } = await home.at.cutter(['run', 'plan', run.runId, '--format', 'markdown'])
    for (const what of [
      'rows of public.chk',
      'rows of public.of_dom',
      'rows of public.part_a',
      'rows of public.gen',
      'INDEX named_n',
    ])
      expect(stdout, what).toMatch(
        new RegExp(
          `${what}: function low\\(text\\) does not exist \\(in .*nrm\\(text\\).*restored with search_path`,
        ),
      )
    expect(stdout).toContain('pg_restore --list "$BACKUP" | grep -avF')
    const done = jsonOf<RunJson>(await approve(home.at, run.runId, home.key))
    expect(done).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    expect(closeoutOf(run.runId)).toContain('pg_restore --list "$BACKUP" | grep -avF')
  })

  test('names a rule that rejects rows which the target has, and migrates once bundle.yaml accepts it', async () => {
    const { shop } = await home.createShop()
    await shop.query(`set role shop_owner; create table late (at date constraint future check (at > now()::date)); alter table late drop constraint future;
      insert into late values ('2020-01-01'); reset role; set check_function_bodies = off`)
    await shop.query(`set role shop_owner; create function open_now() returns boolean stable language sql as $$ select true $$;
      alter table late add constraint future check (open_now()); create or replace function open_now() returns boolean stable language sql as $$ select false $$; reset role`)
    const expected = { schema: { added: ['column public.unit.note'] } }
    const deviations = ['constraint public.late.future']
    const refused = await startOn(shop, { ...FOREIGN, spec: { expect: expected, sideEffects: [] } })
    expect(refused).toMatchObject({ stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE' })
    expect(refused.stop?.next).toContain('deviations: ["constraint public.late.future"]')
    const unaccepted = await home.at.cutter([
      'migrate',
      'propose',
      'units-review',
      '--target',
      'shop',
      '--json',
    ])
    const { next } = jsonOf<{ error: { next: string } }>(unaccepted).error
    expect(next).toContain('deviations: ["constraint public.late.future"]')
    expect(next).toContain('run the same command again')
    const parts = { ...FOREIGN, spec: { expect: expected, sideEffects: [], deviations } }
    writeMigrationBundle(home.at, 'proposed', parts)
    const proposed = await home.at.cutter(['migrate', 'propose', 'proposed', '--target', 'shop', '--json'])
    const run = await home.startMigration(parts)
    expect(run.stop).toBeUndefined()
    const plan = JSON.parse((await home.at.cutter(['run', 'plan', run.runId])).stdout)
    const { bundles, restore } = jsonOf<ProposedBundles>(proposed)
    expect([bundles[0]?.deviations, restore]).toEqual([plan.deviations, plan.restore])
    const { stdout } = await home.at.cutter(['migrate', 'propose', 'proposed', '--target', 'shop'])
    for (const line of ['pg_restore alone does not restore this backup:', ...plan.restore.because])
      expect(stdout).toContain(line)
    for (const line of plan.restore.commands) expect(stdout).toContain(`  ${line}\n`)
    expect(plan.deviations).toEqual([
      'constraint public.late.future has another definition in the rehearsal database',
    ])
    expect(plan.restore.because[0]).toMatch(
      /^rows of public\.late: .* without constraint public\.late\.future$/,
    )
    expect(jsonOf<RunJson>(await approve(home.at, run.runId, home.key))).toMatchObject({
      outcome: 'succeeded',
    })
  })

  test('names what the copy lacks, and migrates once bundle.yaml accepts it and the plan shows it', async () => {
    const { shop } = await home.createShop()
    await shop.query(`create extension postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw options (host 'db.invalid');
      create user mapping for shop_owner server elsewhere options (user 'app', password 'of-elsewhere');
      grant usage on foreign server elsewhere to shop_owner; set role shop_owner;
      create foreign table far (id int) server elsewhere; create view near_and_far as select id from far; reset role`)
    const expected = { schema: { added: ['column public.unit.note'] } }
    const refused = await startOn(shop, { ...FOREIGN, spec: { expect: expected, sideEffects: [] } })
    expect(refused).toMatchObject({ stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE' })
    // The message has all that is needed, so that nobody has to find it out run by run.
    const deviations = [
      'extension postgres_fdw',
      'foreign table public.far',
      'server elsewhere',
      'view public.near_and_far',
    ]
    expect(refused.stop?.next).toContain(
      `deviations: [${deviations.map((name) => JSON.stringify(name)).join(', ')}]`,
    )
    const run = await home.startMigration({
      ...FOREIGN,
      spec: { expect: expected, sideEffects: [], deviations },
    })
    expect(run.stop).toBeUndefined()
    const plan = JSON.parse((await home.at.cutter(['run', 'plan', run.runId])).stdout)
    expect(plan.deviations).toEqual(
      deviations.map((name) => `${name} is missing from the rehearsal database`),
    )
    const page = await home.at.cutter(['run', 'plan', run.runId, '--format', 'markdown'])
    expect(page.stdout).toContain('foreign table public.far is missing from the rehearsal database')
    expect(jsonOf<RunJson>(await approve(home.at, run.runId, home.key))).toMatchObject({
      status: 'closed',
      outcome: 'succeeded',
    })
    expect((await resume(home.at, run.runId)).code).toBe(0)
  })

  test('closes after it updated, dropped and made extensions, and dropped the schema public', async () => {
    const { shop } = await home.createShop()
    await shop.query(
      "create extension citext version '1.5'; create extension pg_trgm; create schema elsewhere",
    )
    await shop.query(
      'drop table unit_version; drop view articles; drop table unit; drop function touch(); drop sequence tickets',
    )
    await shop.query(
      'alter extension citext set schema elsewhere; alter extension pg_trgm set schema elsewhere',
    )
    const count =
      "select 'public' as name, count(*) as value, VALUE as expected from pg_catalog.pg_namespace where nspname = 'public'"
    const schema = {
      added: ['extension hstore'],
      removed: [
        'extension pg_trgm',
        ...['create on schema public to shop_owner', 'usage on schema public to public'].map(
          (one) => `grant ${one}`,
        ),
        'grant usage on schema public to shop_owner',
        'schema public',
      ],
      changed: ['extension citext', 'members of extension citext'],
    }
    const parts = {
      migration:
        'alter extension citext update;\ndrop extension pg_trgm;\ncreate extension hstore schema elsewhere;\ndrop schema public;\n',
      preflight: count.replace('VALUE', '1'),
      verify: count.replace('VALUE', '0'),
      rollback: 'select 1',
      spec: { expect: { schema }, sideEffects: [] },
    }
    home.at.env.SHOP_URL = home.production.url(
      (await shop.query('select current_database() as name')).rows[0].name,
    )
    await shop.end()
    const dry = jsonOf<RunJson>(await migrate(home.at, writeMigrationBundle(home.at, 'dry', parts)))
    expect(dry.stop).toBeUndefined()
    const run = await home.startMigration(parts)
    expect(run.stop).toBeUndefined()
    const done = jsonOf<RunJson>(await approve(home.at, run.runId, home.key))
    expect(done).toMatchObject({ status: 'closed', outcome: 'succeeded' })
  })

  test('closes after it made a rule that rejects rows which are there, and the closeout names the rule', async () => {
    const { shop } = await home.createShop()
    await shop.query(`set role shop_owner; create function small(x text) returns boolean immutable language sql as $$ select true $$;
      create table held (s text constraint held_small check (small(s))); insert into held values ('A'); reset role`)
    const body = (text: string) =>
      `create or replace function public.small(x text) returns boolean immutable language sql as $$ select ${text} $$;\n`
    const run = await startOn(shop, {
      ...FOREIGN,
      migration: body("x <> 'A'"),
      rollback: body('true'),
      spec: { expect: { schema: { changed: ['function public.small(text)'] } }, sideEffects: [] },
    })
    expect(run.stop).toBeUndefined()
    const done = jsonOf<RunJson>(await approve(home.at, run.runId, home.key))
    expect(done.stop).toBeUndefined()
    expect(done).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    const closeout = closeoutOf(run.runId)
    expect(closeout).toMatch(
      /second: .* restored with rules for new rows alone that reject rows which are there: constraint public\.held\.held_small/,
    )
    expect(closeout).toContain('pg_restore alone can’t restore the second backup.')
    expect(closeout).toContain('without constraint public.held.held_small')
  })

  test('names a statement that needs a superuser, and migrates what is left once somebody ran it by hand', async () => {
    const { name, shop } = await home.createShop()
    home.at.env.SHOP_URL = home.production.url(name)
    await shop.query("create extension pg_stat_statements version '1.8'")
    const update = 'alter extension pg_stat_statements update'
    const spec = { expect: { schema: { added: ['column public.unit.note'] } }, sideEffects: [] }
    const migration = `${FOREIGN.migration}\n${update};\n`
    const refused = await home.startMigration({ ...FOREIGN, migration, spec })
    expect(refused).toMatchObject({ stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE' })
    expect(refused.stop?.message).toMatch(
      /^statement 2 of migration\.sql \(line 2, ALTER EXTENSION UPDATE\) can’t be rehearsed: .* must be owner of extension pg_stat_statements/,
    )
    expect(refused.stop?.next).toContain('run this statement on the target by hand')
    writeMigrationBundle(home.at, 'proposed', { ...FOREIGN, migration, spec })
    const proposed = await home.at.cutter(['migrate', 'propose', 'proposed', '--target', 'shop'])
    expect(proposed.stderr).toContain('statement 2 of migration.sql (line 2, ALTER EXTENSION UPDATE)')
    await shop.query(update)
    const run = await startOn(shop, { ...FOREIGN, spec })
    expect(run.stop).toBeUndefined()
    expect(jsonOf<RunJson>(await approve(home.at, run.runId, home.key))).toMatchObject({
      status: 'closed',
      outcome: 'succeeded',
    })
  })
})
