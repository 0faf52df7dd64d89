import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { logIn } from '../../src/targets/postgres/pg-session.ts'
import { freePort } from './pg-cluster.ts'

/** pgbouncer before a server of a test: it gives the server's sessions to one client after the other. */

const PROGRAM = '/usr/sbin/pgbouncer'

/** Why no pooler can be started here; null where one can. */
export function findPoolerObstacle(): string | null {
  try {
    execFileSync(PROGRAM, ['--version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'pgbouncer is not installed'
  }
}

export interface Pooler {
  port: number
  /** The same URL, through the pooler. */
  pooled(direct: string): string
  stop(): void
}

interface PoolerOptions {
  /** The port of the server on the loopback. */
  port: number
  mode: 'transaction' | 'session'
  /** Sessions with the server for each database and role. */
  sessions: number
  /** Roles of the server, who log in without a password. */
  roles: string[]
}

/** Starts a pooler, and waits until it accepts logins to the database postgres. */
export async function startPooler({ port: server, mode, sessions, roles }: PoolerOptions): Promise<Pooler> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'cutter-pooler-'))
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'users.txt'), roles.map((role) => `"${role}" ""\n`).join(''))
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=127.0.0.1 port=${server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users.txt
pool_mode = ${mode}
default_pool_size = ${sessions}
`,
  )
  // pgbouncer does not run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const pooler = spawn(PROGRAM, [...user, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' })
  const stop = () => {
    pooler.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await untilAccepting(`postgres://${roles[0]}@127.0.0.1:${port}/postgres`, pooler)
  } catch (error) {
    stop()
    throw error
  }
  return {
    port,
    stop,
    pooled(direct) {
      const url = new URL(direct)
      url.port = String(port)
      return url.href
    },
  }
}

async function untilAccepting(url: string, pooler: ChildProcess): Promise<void> {
  for (let left = 300; ; left -= 1) {
    const failure = await logIn(url, 'test').then(
      () => null,
      (error: Error) => error,
    )
    if (failure === null) return
    if (left === 0 || pooler.exitCode !== null)
      throw new Error(`pgbouncer accepts no connection: ${failure.message}`)
    await sleep(100)
  }
}
