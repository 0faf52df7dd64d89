import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { openTarget } from '../../../src/targets/postgres/open-target.ts'
import { logIn } from '../../../src/targets/postgres/pg-session.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, freePort, startCluster } from '../../support/pg-cluster.ts'

/** A server behind pgbouncer, which gives its sessions to one client after the other. */

const PROGRAM = '/usr/sbin/pgbouncer'
const skipped = findReason()
if (skipped !== null) console.info(`skipped: servers behind a pooler: ${skipped}`)

function findReason(): string | null {
  try {
    execFileSync(PROGRAM, ['--version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'pgbouncer is not installed'
  }
}

const CALLER = {
  runId: 'mig-1',
  signal: new AbortController().signal,
  token: { run: 'mig-1', seq: 1, attempt: 1 },
}
const LIMITS = { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000 }

describe.skipIf(skipped !== null).for(['transaction', 'session'])('behind a pooler in %s mode', (mode) => {
  let cluster: Cluster
  let pooler: ChildProcess
  let folder: string
  let pooled: string

  beforeAll(async () => {
    cluster = await startCluster()
    const direct = new URL(cluster.url())
    const port = await freePort()
    folder = mkdtempSync(join(tmpdir(), 'cutter-pooler-'))
    chmodSync(folder, 0o755)
    writeFileSync(join(folder, 'users.txt'), '"postgres" ""\n')
    writeFileSync(
      join(folder, 'pgbouncer.ini'),
      `[databases]
* = host=127.0.0.1 port=${direct.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users.txt
pool_mode = ${mode}
default_pool_size = 1
`,
    )
    // pgbouncer does not run as root.
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
    pooler = spawn(PROGRAM, [...user, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' })
    direct.port = String(port)
    pooled = direct.href
    await untilAccepting(pooled)
  }, 60_000)

  afterAll(async () => {
    pooler.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
    await cluster.stop()
  })

  const settings = `select name, setting from pg_settings where source = 'session' and name not in ('application_name', 'client_encoding')
    order by name`
  const refused = {
    code: 'TARGET_REFUSED',
    message: expect.stringContaining('is a connection pooler'),
  }

  test('no session sets anything, and the application works as before', async () => {
    const application = await connectClient(pooled)
    await application.query('create table if not exists unit (id int)')
    const before = (await application.query(settings)).rows
    await application.end()
    const database = openMigrationDatabase({ name: 'shop', role: 'postgres', url: () => pooled })
    const target = openTarget({
      name: 'shop',
      url: () => pooled,
      expectedGrantMatrixDigest: '',
      toPrepare: '',
    })
    const asked = async () => 'asked'
    for (const attempt of [
      () => database.read(CALLER, asked),
      () => database.transaction(CALLER, LIMITS, asked),
      () => database.session(CALLER, LIMITS, asked),
      () => target.read('reader', CALLER, asked),
      () => target.write('executor', CALLER, asked),
      () => target.rehearse('executor', CALLER, asked),
    ])
      await expect(attempt()).rejects.toMatchObject(refused)
    const later = await connectClient(pooled)
    expect((await later.query(settings)).rows).toEqual(before)
    await later.query('insert into unit values (1)')
    await later.end()
  })
})

async function untilAccepting(url: string): Promise<void> {
  for (let left = 100; ; left -= 1) {
    const accepted = await logIn(url, 'test').then(
      () => true,
      () => false,
    )
    if (accepted) return
    if (left === 0) throw new Error('pgbouncer accepts no connection')
    await sleep(100)
  }
}
