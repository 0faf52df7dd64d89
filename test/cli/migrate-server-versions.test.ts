import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { approve, aSigner, enableExecution, LIVE, resume } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import { type Cluster, serverOf, startCluster } from '../support/pg-cluster.ts'
import {
  MIGRATED,
  migrate,
  type Production,
  rehearsalDatabasesOf,
  skipWithoutPgDump,
  startProduction,
  stateOf,
  UNTOUCHED,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** Targets whose major version is not 15, that of the embedded server. The servers are real, of versions 14 and 18. */

const TARGET = 'targets: { shop: { migratorUrlEnv: SHOP_URL'

/** Null if the suite can run; otherwise the reason, which is printed once. */
function without(major: 14 | 18): string | null {
  if (serverOf(major) !== null) return null
  const reason = `npm has no PostgreSQL ${major} for this platform`
  console.info(`skipped: targets of PostgreSQL ${major}: ${reason}`)
  return reason
}

const no14 = skipWithoutPgDump('targets of PostgreSQL 14') ?? without(14)

describe.skipIf(no14 !== null)('a target of PostgreSQL 14', { timeout: 300_000 }, () => {
  let at: CutterHome
  let key: string
  let production: Production
  let rehearsals: Cluster

  beforeAll(async () => {
    at = aCutterHome(`${LIVE}\n${TARGET} } }\n`)
    key = aSigner(at, undefined, 'cutter.migrate.*')
    production = await startProduction(await startCluster(serverOf(14)))
    rehearsals = await startCluster(serverOf(14))
    await enableExecution(at)
    await at.server()
    at.env.SHOP_URL = production.migratorUrl('shop')
  }, 300_000)

  afterAll(async () => {
    await at.remove()
    await rehearsals.stop()
    await production.stop()
  }, 300_000)

  test('a migration of PostgreSQL 14 stops without a rehearsal server of that version, and changes nothing', async () => {
    const shop = await production.shop('shop')
    const run = jsonOf(await migrate(at, writeMigrationBundle(at), '--mode', 'live'))
    expect(run).toMatchObject({
      status: 'stopped',
      stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      state: 'BUNDLE_PINNED',
    })
    expect(run.stop?.message).toMatch(
      /runs PostgreSQL 14, and no rehearsal server does \(embedded has 15\); nothing was changed/,
    )
    expect(run.stop?.next).toContain('targets.shop.rehearsalUrlEnv')
    expect(existsSync(at.path('var/backups'))).toBe(false)
    expect(await stateOf(shop)).toEqual(UNTOUCHED)

    at.file('cutter.yaml', `${LIVE}\n${TARGET}, rehearsalUrlEnv: COPIES_URL } }\n`)
    at.env.COPIES_URL = production.url()
    expect(jsonOf(await resume(at, run.runId)).stop?.message).toContain('shop names the target’s own server')

    at.env.COPIES_URL = rehearsals.url('postgres', 'postgres')
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({
      status: 'paused',
      gate: 'SG1',
      output: { rehearsalServer: 'shop', rehearsal: { added: 6, verify: '4 of 4 PASS' } },
    })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({
      outcome: 'succeeded',
      output: { target: { version: expect.stringMatching(/^14\./) } },
    })
    expect(await stateOf(shop)).toEqual(MIGRATED)
    expect(await rehearsalDatabasesOf(at)).toMatchObject([{ runId: run.runId, place: 'shop' }])
  })

  test('a migration of PostgreSQL 14 goes through on a server whose login is no superuser', async () => {
    const shop = await production.shop('other')
    const superuser = await connectClient(rehearsals.url('postgres', 'postgres'))
    await superuser.query(`create role chief login createrole createdb password 'of the chief'`)
    await superuser.end()
    at.env.SHOP_URL = production.migratorUrl('other')
    at.env.COPIES_URL = rehearsals.url('postgres', 'chief:of%20the%20chief')
    const run = jsonOf(await migrate(at, writeMigrationBundle(at), '--mode', 'live'))
    expect(run.stop?.message).toMatch(
      /chief of the rehearsal server of target shop may not change the schema public of a new database before PostgreSQL 15; nothing was made there/,
    )
    await shop.query('revoke all on schema public from shop_owner')
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({
      status: 'paused',
      output: { rehearsalServer: 'shop', rehearsal: { verify: '4 of 4 PASS' } },
    })
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'succeeded' })
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })
})

const no18 = skipWithoutPgDump('targets of PostgreSQL 18') ?? without(18) ?? newPgDump()

function newPgDump(): string | null {
  const [major] = /\d+/.exec(execFileSync('pg_dump', ['--version'], { encoding: 'utf8' })) ?? ['0']
  if (Number(major) < 18) return null
  const reason = `pg_dump has version ${major}, which is not too old`
  console.info(`skipped: targets of PostgreSQL 18: ${reason}`)
  return reason
}

describe.skipIf(no18 !== null)('a target of PostgreSQL 18', { timeout: 300_000 }, () => {
  let at: CutterHome
  let production: Production

  beforeAll(async () => {
    at = aCutterHome(`${LIVE}\n${TARGET} } }\n`)
    production = await startProduction(await startCluster(serverOf(18)))
    await enableExecution(at)
  }, 300_000)

  afterAll(async () => {
    await at.remove()
    await production.stop()
  }, 300_000)

  test('a migration of PostgreSQL 18 stops with an older pg_dump, and changes nothing', async () => {
    const shop = await production.shop('shop')
    at.env.SHOP_URL = production.migratorUrl('shop')
    const run = jsonOf(await migrate(at, writeMigrationBundle(at), '--mode', 'live'))
    expect(run).toMatchObject({ stopCode: 'STOP_TOOL_MISSING', state: 'BUNDLE_PINNED' })
    expect(run.stop?.message).toMatch(
      /^pg_dump has version \d+\.\d+, the server 18: an older one can’t back it up; nothing was changed$/,
    )
    expect(existsSync(at.path('var/backups'))).toBe(false)
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
  })
})
