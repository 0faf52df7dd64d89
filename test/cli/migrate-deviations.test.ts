import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonOf, type RunJson } from '../support/cli.ts'
import { approve, resume } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { type BundleParts, skipWithoutPgDump } from '../support/shop-migration.ts'

/** Databases with objects that a backup does not hold, or does not restore by itself. */

const skipped = skipWithoutPgDump('migrations of databases that a restore can’t equal')

/** A superuser's objects are in `shop` before these of the owner. */
const OBJECTS = `set role shop_owner;
create materialized view stale as select count(*) from unit; delete from unit_version where id = 1;
create table dup (id int primary key, n int); insert into dup values (1, 1), (2, 1);
create function low(x text) returns text immutable language sql as $$ select lower(x) $$;
create function nrm(x text) returns text immutable language plpgsql as $$ begin return low(x); end $$;
create table named (id int primary key, n text); insert into named values (1, 'A'); create index named_n on named (nrm(n));
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
    const done = jsonOf<RunJson>(await approve(home.at, run.runId, home.key))
    expect(done).toMatchObject({ status: 'closed', outcome: 'succeeded' })
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
})
