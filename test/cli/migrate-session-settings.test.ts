import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CutterHome } from '../support/cli.ts'
import { jsonOf, type RunJson } from '../support/cli.ts'
import { approve, rehearseOn, resume } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import type { Cluster } from '../support/pg-cluster.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { migrate, skipWithoutPgDump, writeMigrationBundle } from '../support/shop-migration.ts'
import { restoreSnapshot } from '../support/snapshot-instance.ts'

/**
 * Complete runs whose script works only with settings that the connection string or PGOPTIONS gives the sessions of the target: a search
 * path to the application's schema, and a setting that a default reads.
 */

const skipped = skipWithoutPgDump('migrations with settings of sessions')

/** `unit` of the search path, not that of `public`. */
const MIGRATION = `
alter table unit add column tenant text not null default current_setting('app.tenant');
insert into unit (id, title) values (87, 'one more');
`
const ROLLBACK = 'delete from unit where id = 87; alter table unit drop column tenant;'
const PREFLIGHT = "select 'there are 86 units' as name, count(*) as value, 86 as expected from app.unit;"
const VERIFY =
  "select 'units by ' || tenant as name, count(*) as value, 87 as expected from unit where tenant = current_setting('app.tenant') group by tenant;"
/** Passes in the rehearsal and in the transaction, and fails in a session that only reads the target. */
const UNSETTLED = `${VERIFY}\nselect 'settled' as name, pg_current_xact_id_if_assigned() is not null or current_database() !~ '^shop' as ok;`

const SETTINGS = '-c search_path=app -c app.tenant=north'
const encoded = encodeURIComponent

type Way = 'dry run' | 'live run' | 'rollback'

interface Connection {
  /** The variable of the target, from a URL without options. */
  url(direct: string): string
  /** PGOPTIONS of the program. */
  options?: string
  way: Way
}

const asRole = (direct: string) => direct.replace(/\/\/[^@]*@/, '//deployer@')
/** Together they take each way and each form of settings. */
const CONNECTIONS: { [name: string]: Connection } = {
  'options of a URL': {
    url: (direct) => `${direct}?options=${encoded(SETTINGS)}`,
    way: 'live run',
  },
  'a role and options among keywords': {
    url(direct) {
      const { hostname, port, pathname } = new URL(direct)
      return `host=${hostname} port=${port} user=deployer dbname=${pathname.slice(1)} options='${SETTINGS} -c role=shop_owner'`
    },
    way: 'dry run',
  },
  'a role in PGOPTIONS': {
    url: asRole,
    options: `${SETTINGS} -c role=shop_owner`,
    way: 'rollback',
  },
}

let home: ShopHome
let at: CutterHome
let made = 0

beforeAll(async () => {
  home = await startShopHome()
  at = home.at
  const maker = await connectClient(home.production.url())
  await maker.query('create role deployer login noinherit; grant shop_owner to deployer')
  await maker.end()
}, 300_000)

afterAll(() => home.stop(), 300_000)

/** A database with the application's tables in `app`, and another table of the same name in `public`. */
async function createShop(): Promise<{ name: string; shop: pg.Client }> {
  made += 1
  const name = `shop_${made}`
  const maker = await connectClient(home.production.url())
  await maker.query(`create database ${name}`)
  await maker.end()
  const shop = await connectClient(home.production.url(name))
  await shop.query(`create schema app authorization shop_owner; grant all on schema public to shop_owner; set role shop_owner;
    create table app.unit (id int primary key, title text not null); create table public.unit (id int primary key, title text not null);
    insert into app.unit select n, 'Unit ' || n from generate_series(1, 86) n; reset role`)
  return { name, shop }
}

const stateOf = async (shop: pg.Client) => {
  const { rows } =
    await shop.query(`select count(*)::int as units, (select count(*)::int from public.unit) as others,
    exists (select from information_schema.columns where table_schema = 'app' and column_name = 'tenant') as migrated from app.unit`)
  return rows[0]
}
const UNTOUCHED = { units: 86, others: 0, migrated: false }
const MIGRATED = { units: 87, others: 0, migrated: true }

const bundle = (verify = VERIFY) =>
  writeMigrationBundle(at, 'tenants', {
    migration: MIGRATION,
    preflight: PREFLIGHT,
    verify,
    rollback: ROLLBACK,
    spec: {
      expect: {
        schema: { added: ['column app.unit.tenant'], removed: [], changed: [] },
        rows: { 'app.unit': { inserted: 1 } },
      },
      sideEffects: [],
    },
  })

const paused = (run: RunJson, gate: string) =>
  expect(run, JSON.stringify(run.stop)).toMatchObject({ status: 'paused', gate })

function use({ url, options }: Pick<Connection, 'url' | 'options'>, name: string) {
  at.env.SHOP_URL = url(home.production.url(name, 'shop_owner'))
  if (options === undefined) delete at.env.PGOPTIONS
  else at.env.PGOPTIONS = options
}

const RUNS: { [way in Way]: (shop: pg.Client) => Promise<void> } = {
  async 'dry run'(shop) {
    const run = jsonOf(await migrate(at, bundle()))
    paused(run, 'SG1')
    expect(jsonOf(await rehearseOn(at, run.runId))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  },
  async rollback(shop) {
    const run = jsonOf(await migrate(at, bundle(UNSETTLED), '--mode', 'live'))
    paused(run, 'SG1')
    const failed = jsonOf(await approve(at, run.runId, home.key))
    paused(failed, 'SG2')
    expect(failed.output.verificationFailed).toEqual(['settled'])
    expect(await stateOf(shop)).toEqual(MIGRATED)
    expect(jsonOf(await approve(at, run.runId, home.key))).toMatchObject({ outcome: 'rolled-back' })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  },
  async 'live run'(shop) {
    const run = jsonOf(await migrate(at, bundle(), '--mode', 'live'))
    paused(run, 'SG1')
    expect(jsonOf(await approve(at, run.runId, home.key))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  },
}

describe.skipIf(skipped !== null)('settings of sessions', { timeout: 300_000 }, () => {
  test.each(Object.entries(CONNECTIONS).map(([form, connection]) => ({ form, ...connection })))(
    'a $way closes with $form',
    async (connection) => {
      const { name, shop } = await createShop()
      use(connection, name)
      await RUNS[connection.way](shop)
      await shop.end()
    },
  )
})

describe.skipIf(skipped !== null)(
  'settings on an instance restored from a snapshot',
  { timeout: 300_000 },
  () => {
    const instances: Cluster[] = []
    afterAll(() => Promise.all(instances.map((one) => one.stop())))

    test('are those of the target, where its own URL has others', async () => {
      at.file(
        'cutter.yaml',
        'execution: { allowLive: true }\ntargets: { shop: { migratorUrlEnv: SHOP_URL, snapshotUrlEnv: SHOP_SNAPSHOT_URL } }\n',
      )
      const { name, shop } = await createShop()
      use({ url: (direct) => direct, options: SETTINGS }, name)
      const others = encoded('-c search_path=public -c app.tenant=south')
      const restore = async () => {
        const instance = await restoreSnapshot(home.production)
        instances.push(instance)
        at.env.SHOP_SNAPSHOT_URL = `${instance.url(name, 'shop_owner')}?options=${others}`
      }
      delete at.env.SHOP_SNAPSHOT_URL
      const { runId, stopCode } = jsonOf(await migrate(at, bundle(), '--mode', 'live'))
      expect(stopCode).toBe('STOP_BACKUP_STALE')
      await restore()
      paused(jsonOf(await resume(at, runId)), 'SG1')
      expect(jsonOf(await approve(at, runId, home.key))).toMatchObject({ stopCode: 'STOP_BACKUP_STALE' })
      expect(await stateOf(shop)).toEqual(MIGRATED)
      await restore()
      expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'succeeded' })
      await shop.end()
    })
  },
)
