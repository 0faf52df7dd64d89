import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Tool, Tools } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'
import type { MigrationDatabase } from './migration-database.ts'
import { assertToolVersion, findPgTool, splitConnectionString } from './pg-tools.ts'
import { type LeftOut, type RestoreOptions, restoreUnprivileged } from './restore-dump.ts'

/** A backup on disk, in pg_dump's custom format. */
export interface DatabaseDump {
  /** The path, relative to the home. */
  file: string
  sha256: string
  bytes: number
  /** When its snapshot was taken, ISO 8601. */
  takenAt: string
  tool: string
}

/** A tool that cutter.yaml names, as a plan shows it: its key, and the program with the arguments that come before Cutter's own. */
export interface ConfiguredTool {
  id: string
  argv: string[]
}

/** Backups on disk, made by pg_dump and restored by pg_restore. */
export interface DatabaseDumps {
  /**
   * Returns the version of pg_dump.
   * @throws STOP_TOOL_MISSING when a tool is missing or older than the server
   */
  check(context: EffectContext, serverMajor: number): Promise<string>
  /**
   * Lists which of both tools cutter.yaml names for a server, as the exact first words of their commands. Empty when it names none.
   * @throws STOP_TOOL_MISSING when a tool is missing or older than the server
   */
  configuredTools(context: EffectContext, serverMajor: number): Promise<ConfiguredTool[]>
  /**
   * Dumps what the exported snapshot sees. `name` is the name of the file, without an extension.
   * @throws STOP_TARGET_LOCKED when another session holds a lock, STOP_BACKUP_FAILED on other failures
   */
  take(
    context: EffectContext,
    database: MigrationDatabase,
    given: { name: string; snapshot: string; serverMajor: number; lockTimeoutMs: number },
  ): Promise<DatabaseDump>
  /**
   * Restores a dump into an empty database that is open as the role that restores. It has no power, so what needs a superuser is left
   * out and returned.
   * @throws STOP_BACKUP_FAILED when the file is missing or has other bytes, or pg_restore fails
   */
  restore(
    context: EffectContext,
    dump: DatabaseDump,
    into: MigrationDatabase,
    options: RestoreOptions,
  ): Promise<LeftOut[]>
}

/** Keeps backups below `var/backups/<run>` of a home, readable by their owner only. */
export function openDatabaseDumps(home: string, tools: Tools): DatabaseDumps {
  const place = { home, tools }
  return {
    check: async (context, serverMajor) => (await checkTools(tools, context, serverMajor)).version,
    configuredTools: async (context, serverMajor) =>
      [...tools.list('pgDump'), ...tools.list('pgRestore')].some(isConfigured)
        ? (await checkTools(tools, context, serverMajor)).found
            .filter(isConfigured)
            .map(({ name, file, args }) => ({ id: name, argv: [file, ...args] }))
        : [],
    take: (context, database, given) => takeDump(place, context, database, given),
    restore: (context, dump, into, options) => restoreDump(place, context, { dump, into, options }),
  }
}

/** The home whose `var/backups` holds the dumps, and where pg_dump and pg_restore are found. */
interface Place {
  home: string
  tools: Tools
}

const isConfigured = (tool: Tool) => tool.isConfigured

/** Finds the tools for a server, and the version of pg_dump. */
async function checkTools(
  tools: Tools,
  { signal }: EffectContext,
  serverMajor: number,
): Promise<{ version: string; found: Tool[] }> {
  const pgDump = findPgTool(tools, 'pgDump', serverMajor)
  const version = await assertToolVersion(pgDump, serverMajor, signal)
  const dumped = Number.parseInt(version, 10)
  const pgRestore = findPgTool(tools, 'pgRestore', dumped)
  await assertToolVersion(pgRestore, dumped, signal)
  return { version, found: [pgDump, pgRestore] }
}

async function takeDump(
  { home, tools }: Place,
  context: EffectContext,
  database: MigrationDatabase,
  { name, snapshot, serverMajor, lockTimeoutMs }: Parameters<DatabaseDumps['take']>[2],
): Promise<DatabaseDump> {
  const takenAt = context.now().toISOString()
  const tool = `pg_dump ${(await checkTools(tools, context, serverMajor)).version}`
  const folder = privateFolder(home, context.runId)
  const file = join('var', 'backups', context.runId, `${name}.dump`)
  const path = join(home, file)
  const draft = join(folder, `${name}.part`)
  rmSync(draft, { force: true })
  const { address, password } = splitConnectionString(database.url(), {
    applicationName: `cutter ${context.runId}`,
    options: '-c default_transaction_read_only=on -c jit=off',
  })
  const { code, stderr } = await runTool(
    findPgTool(tools, 'pgDump', serverMajor),
    [
      '--format=custom',
      // The default level takes most of the time of a dump, and saves little.
      '--compress=1',
      '--no-password',
      `--snapshot=${snapshot}`,
      `--lock-wait-timeout=${Math.round(lockTimeoutMs)}`,
      `--dbname=${address}`,
    ],
    { password, signal: context.signal, output: draft, cwd: home },
  )
  if (code !== 0) {
    rmSync(draft, { force: true })
    throw dumpFailedError(database.name, stderr)
  }
  chmodSync(draft, 0o600)
  syncToDisk(draft)
  renameSync(draft, path)
  syncToDisk(folder)
  return { file, sha256: await hashOfFile(path), bytes: statSync(path).size, takenAt, tool }
}

async function restoreDump(
  { home, tools }: Place,
  context: EffectContext,
  { dump, into, options }: { dump: DatabaseDump; into: MigrationDatabase; options: RestoreOptions },
): Promise<LeftOut[]> {
  const path = join(home, dump.file)
  const found = existsSync(path) ? await hashOfFile(path) : null
  if (found !== dump.sha256) {
    const what = found === null ? 'is missing' : 'has other bytes than were taken'
    throw new Stop('STOP_BACKUP_FAILED', `the backup ${dump.file} ${what}; nothing was changed`, {
      next: 'restore the file, or cancel this run and start another',
    })
  }
  const definitions = join(privateFolder(home, context.runId), `${basename(dump.file)}.sql`)
  return restoreUnprivileged(
    context,
    findPgTool(tools, 'pgRestore', majorOf(dump)),
    { path, definitions, cwd: home },
    into,
    options,
  )
}

/** The major version of the pg_dump that made a dump: an older pg_restore can't read it. */
const majorOf = ({ tool }: DatabaseDump) => Number(/\d+/.exec(tool)?.[0] ?? 0)

function privateFolder(home: string, runId: string): string {
  const folder = join(home, 'var', 'backups', runId)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  return folder
}

function syncToDisk(path: string): void {
  const opened = openSync(path, 'r')
  fsyncSync(opened)
  closeSync(opened)
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function dumpFailedError(name: string, stderr: string): Stop {
  const tail = stderr.trim().split('\n').slice(-3).join(' ')
  // pg_dump's own message for a lock timeout.
  const locked = /due to (lock|statement) timeout/.test(stderr) && /LOCK TABLE/.test(stderr)
  if (locked) {
    return new Stop(
      'STOP_TARGET_LOCKED',
      `${name} is locked by another session: ${tail}; nothing was changed`,
      {
        next: 'wait until the other session has ended its transaction, then resume the run',
      },
    )
  }
  return new Stop('STOP_BACKUP_FAILED', `pg_dump could not back up ${name}: ${tail}; nothing was changed`, {
    next: `${findDumpAdvice(stderr)}, then resume the run`,
  })
}

/** What to do about a message of pg_dump, by what a backup needs. */
function findDumpAdvice(stderr: string): string {
  if (/row-level security/.test(stderr))
    return 'a backup must hold every row, and a policy hides some: give the role that migrates BYPASSRLS, or, where it owns the table, use `alter table … no force row level security`'
  if (/permission denied/.test(stderr))
    return 'a backup reads everything: grant the role that migrates what the message names, or membership in pg_read_all_data (PostgreSQL 14 or newer)'
  return 'fix the problem that it names'
}
