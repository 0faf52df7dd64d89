import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { approve, aSigner, enableExecution, LIVE, rehearseOn } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import {
  MIGRATED,
  migrate,
  type Production,
  skipWithoutPgDump,
  startProduction,
  stateOf,
  UNTOUCHED,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

const skipped = skipWithoutPgDump('checks of a migration on the target')

const CONFIG = `${LIVE}
targets:
  shop: { migratorUrlEnv: SHOP_URL }
  read: { migratorUrlEnv: SHOP_URL, readerUrlEnv: READER_URL }
`

/** The first two end sessions of the application and notify it; the third does so behind a view of the application. */
const TOUCHING = `select 'there' as name, (select coalesce(bool_and(pg_terminate_backend(pid)), true)
  from pg_stat_activity where datname = current_database() and application_name = 'production-worker') as ok;
select 'notify' as name, pg_notify('deploy', 'go') is not null as ok;
select 'view' as name, count(*) >= 0 as ok from public.workers where ended;
select 'slept' as name, pg_sleep(0) is not null as ok;
select 'lock' as name, pg_try_advisory_lock(7) as ok;
select 'unit has 86 rows' as name, count(*) as value, 86 as expected from unit;
select 'units' as name, count(*) as value, 86 as expected from public.unit;
`

const WORKERS = `set role shop_owner;
create view workers as select pg_terminate_backend(pid) as ended from pg_stat_activity
  where datname = current_database() and application_name = 'production-worker';
create function is_even(n int) returns bool language plpgsql as $$ begin return n % 2 = 0; end $$;
reset role`

interface Planned {
  check: string
  asked: string
  because?: string
}

describe.skipIf(skipped !== null)('checks of a migration on the target', { timeout: 600_000 }, () => {
  let at: CutterHome
  let key: string
  let production: Production

  beforeAll(async () => {
    at = aCutterHome(CONFIG)
    key = aSigner(at, undefined, 'cutter.migrate.*')
    production = await startProduction()
    await enableExecution(at)
    await at.server()
  }, 300_000)

  afterAll(async () => {
    await at.remove()
    await production.stop()
  }, 300_000)

  /** A shop whose application works and listens. */
  async function workingShop(name: string) {
    at.env.SHOP_URL = production.migratorUrl(name)
    at.env.READER_URL = production.url(name, 'shop_reader')
    const shop = await production.shop(name)
    await shop.query(WORKERS)
    await shop.query('alter role shop_reader login')
    const worker = await connectClient(
      `${production.url(name, 'shop_owner')}?application_name=production-worker`,
    )
    const heard: string[] = []
    worker.on('notification', ({ channel }) => heard.push(channel))
    worker.on('error', () => heard.push('ended'))
    await worker.query('listen deploy')
    return { shop, worker, heard }
  }

  const plannedOf = async ({ runId }: RunJson): Promise<Planned[]> =>
    jsonOf<{ checksOnTarget: Planned[] }>(await at.cutter(['run', 'plan', runId])).checksOnTarget

  const isAlive = async (worker: pg.Client) => (await worker.query('select 1 as one')).rows

  test('a dry run asks only those that read, and a live run the others after the approval', async () => {
    const { shop, worker, heard } = await workingShop('touching')
    const bundle = writeMigrationBundle(at, 'touching', { preflight: TOUCHING })
    const dry = jsonOf<RunJson>(await migrate(at, bundle))
    expect(dry).toMatchObject({ status: 'paused', output: { preflight: '7 of 7 PASS', seenOnCopyOnly: 6 } })
    expect(await plannedOf(dry)).toMatchObject([
      ...[
        /^pg_terminate_backend/,
        /^pg_notify/,
        /through view public.workers/,
        /^pg_sleep/,
        /^pg_try_advisory_lock/,
      ].map((because) => ({ asked: 'seen on the copy only', because: expect.stringMatching(because) })),
      { asked: 'seen on the copy only', because: expect.stringContaining('relation "unit" does not exist') },
      { check: 'preflight.sql, statement 7', asked: 'as owner shop_owner' },
      ...[1, 2, 3].map(() => ({ asked: 'after the commit, as owner shop_owner' })),
      { check: 'distribution units by state', asked: 'after the commit, as owner shop_owner' },
    ])
    const page = await at.cutter(['run', 'plan', dry.runId, '--format', 'markdown'])
    expect(page.stdout).toContain('seen on the copy only')
    expect(jsonOf(await rehearseOn(at, dry.runId))).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    expect(await isAlive(worker)).toEqual([{ one: 1 }])
    expect(heard).toEqual([])
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    const live = jsonOf<RunJson>(await migrate(at, bundle, '--mode', 'live'))
    expect(await isAlive(worker)).toEqual([{ one: 1 }])
    // The approver read that the check ends the worker, and wants it so.
    expect(jsonOf(await approve(at, live.runId, key))).toMatchObject({
      status: 'closed',
      outcome: 'succeeded',
    })
    await expect(isAlive(worker)).rejects.toThrow()
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })

  test('the reader asks them, and functions of the application run if it owns nothing', async () => {
    const { shop, worker } = await workingShop('reading')
    await shop.query('revoke select on unit_version from shop_reader')
    const preflight = `select 'units' as name, count(*) as value, 86 as expected from public.unit;
      select 'closed' as name, count(*) as value, 86 as expected from public.unit_version;
      select 'even' as name, public.is_even(count(*)::int) as ok from public.unit;`
    const bundle = writeMigrationBundle(at, 'reading', {
      preflight,
      spec: { checkFunctions: ['public.is_even(integer)'] },
    })
    const start = (...more: string[]) => migrate(at, bundle, '--target', 'read', ...more)
    const { stdout } = await at.cutter(['doctor'])
    expect(stdout).toMatch(/target read: .* as shop_owner, for migrations; checks as reader shop_reader$/m)
    expect(stdout).toMatch(/target shop: .* as shop_owner, for migrations; checks as owner$/m)
    const live = jsonOf<RunJson>(await start('--mode', 'live'))
    expect((await plannedOf(live)).slice(0, 4)).toMatchObject([
      { asked: 'as reader shop_reader' },
      {
        asked: 'seen on the copy only',
        because: 'the server says: permission denied for table unit_version',
      },
      { asked: 'as reader shop_reader', because: 'it runs public.is_even(integer), which bundle.yaml names' },
      { asked: 'after the commit, as owner shop_owner' },
    ])
    expect(jsonOf(await approve(at, live.runId, key))).toMatchObject({
      status: 'closed',
      outcome: 'succeeded',
      output: { verification: '4 of 4 PASS' },
    })
    await worker.end()
  })
})
