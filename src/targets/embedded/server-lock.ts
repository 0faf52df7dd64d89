import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isLocked } from '../../locks/exclusive-lock.ts'
import { findTrustedProgram } from '../../tools/trusted-folders.ts'
import type { ServerLocation } from './server-location.ts'

/**
 * The lock that a server holds while it runs, so that no second one starts on its data. PostgreSQL itself finds only processes and shared
 * memory of its own namespaces, which a server in another container is not in.
 *
 * The server and its children inherit a descriptor that flock(1) has locked. The kernel frees the lock when the last of them has ended. Where
 * flock is missing, a keeper starts the server, stays alive as long as it, and holds a lock of SQLite meanwhile.
 */
export interface ServerLock {
  /** The descriptor that the server inherits; null where a keeper holds the lock. */
  descriptor: number | null
  /** Wraps the command of the server. */
  wrap(command: string[], ids: { uid?: number; gid?: number }): { command: string[]; ids: { uid?: number } }
  /** Closes the descriptor of this process. The server keeps its own. */
  close(): void
}

/** Takes the lock of a server that is about to start; null while a server, or what is left of one, holds it. */
export function lockServer(place: Pick<ServerLocation, 'folder'>): ServerLock | null {
  const kept = join(place.folder, 'server.keeper')
  if (isLocked(kept)) return null
  const flock = findTrustedProgram('flock')
  if (flock === null) return { descriptor: null, wrap: (...given) => keep(kept, ...given), close() {} }
  const descriptor = openSync(join(place.folder, 'server.lock'), 'a', 0o600)
  const options = { stdio: ['ignore', 'ignore', 'ignore', descriptor] as 'ignore'[], env: {} }
  if (spawnSync(flock, ['-n', '3'], options).status === 0)
    return {
      descriptor,
      wrap: (command, ids) => ({ command, ids }),
      close: () => closeSync(descriptor),
    }
  closeSync(descriptor)
  return null
}

/** The keeper runs as the user of this process, who may read the packages, and starts the server as the server's user. */
const KEEPER = `
const [module, file, ids, program, ...args] = process.argv.slice(1)
const Database = require(module)
globalThis.kept = new Database(file, { timeout: 0 })
kept.exec('pragma journal_mode = memory; begin exclusive')
const { spawn } = require('node:child_process')
const server = spawn(program, args, { cwd: '/', stdio: 'inherit', ...JSON.parse(ids) })
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => {})
process.on('SIGQUIT', () => server.kill('SIGQUIT'))
server.on('exit', (code) => process.exit(code ?? 1))
`

function keep(file: string, command: string[], ids: { uid?: number; gid?: number }) {
  const module = createRequire(import.meta.url).resolve('better-sqlite3')
  return { command: [process.execPath, '-e', KEEPER, module, file, JSON.stringify(ids), ...command], ids: {} }
}
