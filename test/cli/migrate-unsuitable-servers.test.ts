import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutterHome, jsonOf } from '../support/cli.ts'
import { resume, withTools } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { rehearsalDatabasesOf, skipWithoutPgDump, writeMigrationBundle } from '../support/shop-migration.ts'

/** Each test checks the schema and the rows of the shop at its end. */

const skipped = skipWithoutPgDump('migrations on unsuitable servers')

let home: ShopHome
let at: CutterHome

beforeAll(async () => {
  home = await startShopHome()
  at = home.at
}, 300_000)

afterAll(() => home.stop(), 300_000)

describe.skipIf(skipped !== null)('a migration on an unsuitable server', { timeout: 300_000 }, () => {
  test('server_identify refuses another major version than the bundle’s', async () => {
    await home.createShop()
    const run = await home.startMigration({ spec: { server: { major: 16 } } })
    expect(run).toMatchObject({ stopCode: 'STOP_TARGET_REFUSED', state: 'BUNDLE_PINNED' })
    expect(run.stop?.message).toContain('it runs PostgreSQL 15, bundle.yaml requires 16')
  })

  test('server_identify refuses another database and system than the bundle’s', async () => {
    await home.createShop()
    const run = await home.startMigration({
      spec: { server: { systemIdentifier: '12345', database: 'shop' } },
    })
    expect(run.stop?.message).toMatch(
      /its database is shop_\d+, bundle.yaml requires shop; its system identifier is \d+/,
    )
  })

  const toolbox = (name: string, tools: { [tool: string]: string }) => {
    const folder = at.path(name)
    mkdirSync(folder, { recursive: true })
    for (const [tool, text] of Object.entries(tools)) {
      writeFileSync(join(folder, tool), `#!/bin/sh\n${text}\n`)
      chmodSync(join(folder, tool), 0o755)
    }
    return { pgDump: join(folder, 'pg_dump'), pgRestore: join(folder, 'pg_restore') }
  }

  test('a run stops when pg_dump is not installed', async () => {
    await home.createShop()
    const bundle = writeMigrationBundle(at)
    const answer = await withTools(at, toolbox('without', {}), () =>
      at.cutter([
        'run',
        'start',
        'migrate',
        '--bundle',
        bundle,
        '--target',
        'shop',
        '--mode',
        'live',
        '--json',
      ]),
    )
    const run = jsonOf(answer)
    expect(answer.code).toBe(3)
    expect(run).toMatchObject({ stopCode: 'STOP_TOOL_MISSING', state: 'BUNDLE_PINNED' })
    expect(run.stop?.message).toContain('pg_dump can’t be run as')
    expect(run.stop?.next).toContain('postgresql-client')
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ status: 'paused', gate: 'SG1' })
  })

  test('a run stops when pg_dump is older than the server', async () => {
    await home.createShop()
    const old = toolbox('old', { pg_dump: 'echo "pg_dump (PostgreSQL) 14.2"', pg_restore: 'echo 14.2' })
    const answer = await withTools(at, old, () =>
      at.cutter([
        'run',
        'start',
        'migrate',
        '--bundle',
        writeMigrationBundle(at),
        '--target',
        'shop',
        '--mode',
        'live',
        '--json',
      ]),
    )
    expect(jsonOf(answer)).toMatchObject({ stopCode: 'STOP_TOOL_MISSING' })
    expect(jsonOf(answer).stop?.message).toContain('pg_dump has version 14.2, the server 15')
  })

  test('a backup counts only after its restored bytes and rows are the same', async () => {
    await home.createShop()
    const bundle = writeMigrationBundle(at)
    const real = (tool: string) => `exec ${tool} "$@"`
    const version = 'case "$1" in --version) echo "pg_restore (PostgreSQL) 15.9"; exit;; esac'
    const broken = toolbox('broken', {
      pg_dump: real('pg_dump'),
      pg_restore: `${version}\necho "pg_restore: error: broken" >&2; exit 1`,
    })
    // This pg_restore restores the dump and then deletes a row.
    const losing = toolbox('losing', {
      pg_dump: real('pg_dump'),
      pg_restore: `${version}\npg_restore "$@"; for last; do case "$last" in --dbname=*) db="\${last#--dbname=}";; esac; done\nexec psql -qc "delete from unit_version where id = 1" "$db"`,
    })
    const start = [
      'run',
      'start',
      'migrate',
      '--bundle',
      bundle,
      '--target',
      'shop',
      '--mode',
      'live',
      '--json',
    ]
    const stopped = jsonOf(await withTools(at, broken, () => at.cutter(start)))
    expect(stopped).toMatchObject({ stopCode: 'STOP_BACKUP_FAILED', state: 'BACKUP_TAKEN' })
    expect(stopped.stop?.message).toContain('pg_restore: error: broken')

    const lost = jsonOf(
      await withTools(at, losing, () => at.cutter(['run', 'resume', stopped.runId, '--json'])),
    )
    expect(lost).toMatchObject({ stopCode: 'STOP_BACKUP_FAILED', state: 'BACKUP_TAKEN' })
    expect(lost.stop?.message).toContain(
      'table public.unit_version has 85 rows in the rehearsal database, 86 in the source',
    )

    const file = at.path(stopped.output.backup.file)
    const bytes = readFileSync(file)
    writeFileSync(file, Buffer.concat([bytes, Buffer.from(' ')]))
    expect(jsonOf(await resume(at, stopped.runId)).stop?.message).toContain('has other bytes than were taken')
    writeFileSync(file, bytes)
    expect((await rehearsalDatabasesOf(at)).map(({ runId }) => runId)).not.toContain(stopped.runId)
    expect(jsonOf(await resume(at, stopped.runId))).toMatchObject({ status: 'paused', gate: 'SG1' })
  })

  test('a run stops while another session locks a table', async () => {
    await home.createShop()
    const other = await home.connectToShop()
    await other.query('begin; lock table unit in access exclusive mode')
    const run = await home.startMigration()
    expect(run).toMatchObject({ stopCode: 'STOP_TARGET_LOCKED', state: 'SERVER_IDENTIFIED' })
    await other.end()
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ status: 'paused', gate: 'SG1' })
  })
})
