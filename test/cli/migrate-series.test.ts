import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ANSWERS } from '../../src/service/answers/answers.ts'
import type { MigrationStatus } from '../../src/service/migrations/status.ts'
import { type ErrorJson, jsonOf, type RunJson } from '../support/cli.ts'
import { resume, sign } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { migrate, skipWithoutPgDump, writeMigrationBundle } from '../support/shop-migration.ts'

const skipped = skipWithoutPgDump('series of migrations')

let home: ShopHome
let shop: pg.Client
let name = ''

beforeAll(async () => {
  home = await startShopHome('series')
  ;({ shop, name } = await home.createShop())
}, 300_000)

afterAll(() => home.stop(), 300_000)

/** A bundle in the folder `series` that adds a column to unit. */
function column(name: string, spec: { [key: string]: unknown } = {}): string {
  return writeMigrationBundle(home.at, join('series', name), {
    migration: `alter table unit add column ${name} text;\n`,
    preflight: "select 'any' as name, true as ok;\n",
    verify: `select 'there' as name, count(${name}) = 0 as ok from public.unit;\n`,
    rollback: `alter table unit drop column ${name};\n`,
    spec: {
      name,
      expect: { schema: { added: [`column public.unit.${name}`], removed: [], changed: [] } },
      sideEffects: [],
      ...spec,
    },
  })
}

const startLive = async (folder: string): Promise<RunJson> =>
  jsonOf(await migrate(home.at, folder, '--mode', 'live'))

async function statusOf(): Promise<MigrationStatus> {
  const answer = await home.at.cutter(['migrate', 'status', 'series', '--target', 'shop', '--json'])
  expect([answer.code, answer.stderr]).toEqual([0, ''])
  const found = jsonOf<MigrationStatus>(answer)
  expect(ANSWERS['migration-status']!.schema.safeParse(found).error?.issues ?? []).toEqual([])
  return found
}

const states = ({ source, migrations }: MigrationStatus) => [source, ...migrations.map(({ state }) => state)]

describe.skipIf(skipped !== null)('a series of migrations', { timeout: 600_000 }, () => {
  test('a lock that others hold is waited for within the planned time, and closed runs say what is applied', async () => {
    const first = column('a', { lockTimeoutSeconds: 0.3, lockRetrySeconds: 600 })
    column('b')
    expect(states(await statusOf())).toEqual(['runs', 'pending', 'pending'])
    const { runId } = await startLive(first)
    const plan = await home.at.cutter(['run', 'plan', runId, '--format', 'markdown'])
    expect(plan.stdout).toContain('then tries again, with growing pauses, for at most 600 s')
    const { approvalId } = await sign(home.at, runId, home.key)
    const other = await home.connectToShop()
    await other.query('begin; lock table unit in access share mode')
    const resumed = resume(home.at, runId, approvalId)
    const waits = `select from pg_stat_activity where application_name = 'cutter ${runId}' and wait_event_type = 'Lock'`
    await expect
      .poll(async () => (await shop.query(waits)).rowCount, { timeout: 300_000, interval: 20 })
      .not.toBe(0)
    // The first attempt ends by itself. Then the lock is free.
    await expect
      .poll(async () => (await shop.query(waits)).rowCount, { timeout: 300_000, interval: 20 })
      .toBe(0)
    await other.query('rollback')
    await other.end()
    expect(jsonOf(await resumed)).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    const status = await statusOf()
    expect(states(status)).toEqual(['runs', 'applied', 'pending'])
    expect(status.migrations[0]).toMatchObject({ name: 'a', runId })
  })

  test('a history is made where it is asked for, is no difference, and gets its row in the transaction of the migration', async () => {
    const init = ['target', 'init', 'shop', '--history', '--json']
    const asked = async (env?: NodeJS.ProcessEnv) =>
      jsonOf<{ error: ErrorJson }>(await home.at.cutter(init, env === undefined ? {} : { env })).error
    // Each has advice of its own, because no grant would help.
    expect(await asked({ SHOP_URL: '' })).toMatchObject({
      code: 'TARGET_REFUSED',
      next: expect.stringMatching(/^export SHOP_URL=/),
    })
    expect(await asked({ SHOP_URL: home.production.url(name, 'nobody_known') })).toMatchObject({
      code: 'TARGET_REFUSED',
      next: expect.stringMatching(/^check the role and the password/),
    })
    const refused = await asked()
    expect([refused.code, refused.next]).toEqual([
      'TARGET_REFUSED',
      'let the role that migrates make it: grant create on database … to …; or make the schema cutter_migrations for that role',
    ])
    await shop.query(`grant create on database ${name} to shop_owner`)
    const made = await home.at.cutter(init)
    expect([made.code, jsonOf(made)]).toEqual([
      0,
      { target: 'shop', applied: ['cutter_migrations.history'], already: [] },
    ])
    const second = column('b')
    const { runId } = await startLive(second)
    const plan = jsonOf<{ plan: { history?: string } }>(
      await home.at.cutter(['run', 'plan', runId, '--json']),
    )
    expect(JSON.stringify(plan)).toContain('a row in cutter_migrations.history, in the same transaction')
    const { approvalId } = await sign(home.at, runId, home.key)
    expect(jsonOf(await resume(home.at, runId, approvalId))).toMatchObject({ outcome: 'succeeded' })
    const { rows } = await shop.query(
      `select run_id, name, xmin::text = (select xmin::text from pg_attribute
         where attrelid = 'unit'::regclass and attname = 'b') as same_transaction from cutter_migrations.history`,
    )
    expect(rows).toEqual([{ run_id: runId, name: 'b', same_transaction: true }])
    column('b', { migration: { file: 'migration.sql', sha256: '0'.repeat(64) } })
    column('c')
    expect(states(await statusOf())).toEqual(['history', 'applied', 'changed', 'pending'])
  })

  test('a script that touches the history is refused in the rehearsal, by name', async () => {
    const folder = column('d', {
      expect: { schema: { added: ['column public.unit.d'], removed: [], changed: [] } },
    })
    writeMigrationBundle(home.at, join('series', 'd'), {
      migration: 'alter table unit add column d text;\ndelete from cutter_migrations.history;\n',
      preflight: "select 'any' as name, true as ok;\n",
      verify: "select 'any' as name, true as ok;\n",
      rollback: 'alter table unit drop column d;\n',
      spec: {
        name: 'd',
        expect: {
          schema: { added: ['column public.unit.d'], removed: [], changed: [] },
          rows: { 'cutter_migrations.history': { deleted: 1 } },
        },
        sideEffects: [],
      },
    })
    const run = await startLive(folder)
    expect([run.stopCode, run.stop?.message]).toEqual([
      'STOP_REHEARSAL_FAILED',
      expect.stringContaining('the script touches cutter_migrations.history, which is Cutter’s'),
    ])
  })
})
