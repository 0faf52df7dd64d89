import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { approve, aSigner, enableExecution, LIVE, rehearseOn } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import type { Cluster } from '../support/pg-cluster.ts'
import {
  MIGRATED,
  migrate,
  type Production,
  startProduction,
  stateOf,
  UNTOUCHED,
  writeMigrationBundle,
} from '../support/shop-migration.ts'
import { restoreSnapshot } from '../support/snapshot-instance.ts'

/**
 * A snapshot of the provider as the backup, where cutter.yaml accepts it: a server restored from the files of the production server proves
 * it. pg_dump and pg_restore do not run.
 */

describe('a migration whose backup is a snapshot of the provider', { timeout: 600_000 }, () => {
  const AGE_MINUTES = 0.4
  let at: CutterHome
  let key: string
  let production: Production
  let shop: pg.Client
  let bundle: string
  const instances: Cluster[] = []

  /** Restores a snapshot that is taken now, and lets cutter.yaml's variable hold its URL. */
  const restore = async () => {
    const instance = await restoreSnapshot(production)
    instances.push(instance)
    const url = instance.url('shop', 'shop_owner')
    at.env.SHOP_SNAPSHOT_URL = url
    return url
  }
  const resume = async (runId: string) => jsonOf<RunJson>(await at.cutter(['run', 'resume', runId, '--json']))
  const show = async (runId: string) => (await at.cutter(['run', 'show', runId])).stdout
  const elsewhere = (value: string) =>
    shop.query(`insert into unit_version (unit_id, body) values (1, '${value}')`)

  beforeAll(async () => {
    at = aCutterHome(
      `${LIVE}\ntargets: { shop: { migratorUrlEnv: SHOP_URL, snapshotUrlEnv: SHOP_SNAPSHOT_URL } }\n`,
    )
    key = aSigner(at, undefined, 'cutter.migrate.*')
    production = await startProduction()
    shop = await production.shop('shop')
    at.env.SHOP_URL = production.migratorUrl('shop')
    bundle = writeMigrationBundle(at)
    await enableExecution(at)
  }, 300_000)

  afterAll(async () => {
    await Promise.all(instances.map((one) => one.stop()))
    await at.remove()
    await production.stop()
  }, 300_000)

  test('waits for an instance that proves a snapshot of this target, rehearses on it, and dumps nothing', async () => {
    const early = await restore()
    const replica = await restoreSnapshot(production, true)
    instances.push(replica)
    delete at.env.SHOP_SNAPSHOT_URL
    await elsewhere('written after the early snapshot')
    const { runId, ...started } = jsonOf<RunJson>(await migrate(at, bundle))
    expect(started).toMatchObject({ status: 'stopped', stopCode: 'STOP_BACKUP_STALE' })
    expect(await show(runId)).toMatch(/is not named yet: .*SHOP_SNAPSHOT_URL/)

    const refusals: [string, string, RegExp][] = [
      [early, 'STOP_BACKUP_STALE', /was restored from a snapshot taken before 2/],
      [at.env.SHOP_URL!, 'STOP_BACKUP_FAILED', /is the target itself/],
      [production.url('postgres', 'shop_owner'), 'STOP_BACKUP_FAILED', /it is database postgres of system/],
      [production.url('shop'), 'STOP_BACKUP_FAILED', /is the target itself/],
      [replica.url('shop', 'shop_owner'), 'STOP_BACKUP_FAILED', /is a standby/],
      [early.replace('shop_owner', 'postgres'), 'STOP_BACKUP_FAILED', /logs in as postgres/],
    ]
    for (const [url, stopCode, message] of refusals) {
      at.env.SHOP_SNAPSHOT_URL = url
      expect(await resume(runId)).toMatchObject({ status: 'stopped', stopCode })
      expect(await show(runId)).toMatch(message)
    }

    const owner = await connectClient(early.replace('shop_owner', 'postgres'))
    await owner.query('grant pg_read_server_files to shop_owner')
    await owner.end()
    at.env.SHOP_SNAPSHOT_URL = early
    expect(await resume(runId)).toMatchObject({
      stopCode: 'STOP_BACKUP_FAILED',
      // Another snapshot has the same login.
      stop: {
        next: expect.stringMatching(/name a login without that power in targets\.shop\.migratorUrlEnv/),
      },
    })
    expect(await show(runId)).toMatch(/gives shop_owner power over files/)

    await restore()
    expect(await resume(runId)).toMatchObject({ status: 'paused', gate: 'SG1' })
    const plan = JSON.parse((await at.cutter(['run', 'plan', runId])).stdout)
    expect(plan.backup).toEqual({ by: 'snapshot', otherThanTarget: [] })
    expect(plan.procedure[0]).toMatch(/snapshot/)
    const page = (await at.cutter(['run', 'plan', runId, '--format', 'markdown'])).stdout
    expect(page).toContain('The backup is a snapshot of the provider.')
    expect(page).toContain('Its rows are those of the target.')
    expect(jsonOf<RunJson>(await rehearseOn(at, runId))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    expect(existsSync(at.path('var/backups'))).toBe(false)
  })

  test('needs an unused instance before the approval, and another snapshot after the commit', async () => {
    const aging = writeMigrationBundle(at, 'aging', { spec: { backupMaxAgeMinutes: AGE_MINUTES } })
    const stopped = jsonOf<RunJson>(await migrate(at, aging, '--mode', 'live'))
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_BACKUP_STALE' })
    const { runId } = stopped
    expect(await show(runId)).toMatch(/was changed by a rehearsal/)
    const rehearsedOn = await restore()
    await elsewhere('written since the snapshot')
    expect(await resume(runId)).toMatchObject({ status: 'paused', gate: 'SG1' })
    const page = (await at.cutter(['run', 'plan', runId, '--format', 'markdown'])).stdout
    expect(page).toMatch(/Written since the snapshot, and lost with it: .*unit_version/)

    await new Promise((resolve) => setTimeout(resolve, AGE_MINUTES * 60_000))
    expect(jsonOf<RunJson>(await approve(at, runId, key))).toMatchObject({
      state: 'AWAITING_MIGRATION_AUTHORIZATION',
      stopCode: 'STOP_BACKUP_STALE',
    })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    await restore()
    expect(await resume(runId)).toMatchObject({
      state: 'MIGRATION_VERIFIED',
      status: 'stopped',
      stopCode: 'STOP_BACKUP_STALE',
    })
    expect(await stateOf(shop)).toEqual(MIGRATED)
    const instance = await connectClient(rehearsedOn)
    expect(await stateOf(instance)).toEqual(MIGRATED)
    await instance.end()
    await restore()
    expect(await resume(runId)).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    const reports = at.path(`var/runs/${runId}`)
    const file = readdirSync(reports).find((name) => name.endsWith('-closeout.md'))!
    const closeout = readFileSync(join(reports, file), 'utf8')
    expect(closeout).toMatch(/first: a snapshot of the provider, taken after 2/)
    expect(closeout).toMatch(/second: a snapshot of the provider, taken after 2/)
    expect(existsSync(at.path('var/backups'))).toBe(false)
  })
})
