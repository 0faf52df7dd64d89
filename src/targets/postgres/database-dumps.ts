import { existsSync, renameSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Tool, Tools } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'
import { dumpFailedError } from './dump-failure.ts'
import { digestOfDump, privateFolder, secureDump, sizeOfDump, syncToDisk } from './dump-files.ts'
import type { MigrationDatabase } from './migration-database.ts'
import { assertToolVersion, findPgTool, splitConnectionString } from './pg-tools.ts'
import { type RestoredDump, type RestoreOptions, restoreUnprivileged } from './restore-dump.ts'
import { readRowsOfDump, type TableOfDump } from './rows-of-dump.ts'

/** A backup on disk, in pg_dump's custom format, or in its directory format, which several processes write and read at once. */
export interface DatabaseDump {
  /** The path, relative to the home. */
  file: string
  /** Of the file; of a directory: of what `sha256sum *` prints in it. */
  sha256: string
  bytes: number
  /** Left out of a file. */
  format?: 'directory'
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
    given: {
      name: string
      snapshot: string
      serverMajor: number
      lockTimeoutMs: number
      databaseBytes: number
      /** Tables of which the dump holds the definition alone. */
      without?: TableOfDump[]
      /** Whether a restored database may have a row in another partition: see `SCATTERED`. */
      scattered?: boolean
    },
  ): Promise<DatabaseDump>
  /**
   * Restores a dump into an empty database that is open as the role that restores. It has no power, so what needs a superuser is left
   * out and returned.
   * @throws STOP_BACKUP_FAILED when the file is missing or has other bytes, or pg_restore fails
   * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when a rule rejects rows that the source has, and no deviation accepts it
   */
  restore(
    context: EffectContext,
    dump: DatabaseDump,
    into: MigrationDatabase,
    options: RestoreOptions,
  ): Promise<RestoredDump>
  /** Reads the rows of one table out of a dump, in the text format of COPY. */
  readRows(
    context: EffectContext,
    dump: DatabaseDump,
    table: TableOfDump,
    onRow: (row: Buffer) => void,
  ): Promise<void>
}

/**
 * Keeps backups below `var/backups/<run>` of a home, readable by their owner only.
 * @param jobs how many processes dump and restore at once; left out: as many as this machine can run, up to four, and one for a small database
 */
export function openDatabaseDumps(home: string, tools: Tools, jobs?: number): DatabaseDumps {
  const place = { home, tools, jobs }
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
    readRows: async (context, dump, table, onRow) => {
      const tool = findPgTool(tools, 'pgRestore', majorOf(dump))
      const source = { ...sourceOf(home, dump), cwd: home, signal: context.signal }
      await readRowsOfDump(tool, table, source, onRow)
    },
  }
}

/** The home whose `var/backups` holds the dumps, and where pg_dump and pg_restore are found. */
interface Place {
  home: string
  tools: Tools
  jobs: number | undefined
}

/** Below this size more processes save less time than they take to start. */
const LARGE_BYTES = 100_000_000

/** A tool with first arguments runs in a container, which can't reach a directory of this machine. */
function jobsFor({ tools, jobs }: Place, serverMajor: number, databaseBytes: number): number {
  const used = [findPgTool(tools, 'pgDump', serverMajor), findPgTool(tools, 'pgRestore', serverMajor)]
  if (used.some(({ args }) => args.length > 0)) return 1
  return jobs ?? (databaseBytes < LARGE_BYTES ? 1 : parallelJobs())
}

const parallelJobs = () => Math.min(4, availableParallelism())

/** How pg_restore reads a dump: a file as its input, a directory by its path. */
const sourceOf = (home: string, { file, format }: DatabaseDump): { args: string[]; input?: string } =>
  format === 'directory' ? { args: [join(home, file)] } : { args: [], input: join(home, file) }

/** A name as a pattern of pg_dump that means itself: https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS */
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

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
  place: Place,
  context: EffectContext,
  database: MigrationDatabase,
  {
    name,
    snapshot,
    serverMajor,
    lockTimeoutMs,
    databaseBytes,
    without = [],
    scattered = false,
  }: Parameters<DatabaseDumps['take']>[2],
): Promise<DatabaseDump> {
  const { home, tools } = place
  const takenAt = context.now().toISOString()
  const tool = `pg_dump ${(await checkTools(tools, context, serverMajor)).version}`
  const jobs = jobsFor(place, serverMajor, databaseBytes)
  const folder = privateFolder(home, context.runId)
  const file = join('var', 'backups', context.runId, `${name}.${jobs === 1 ? 'dump' : 'dir'}`)
  const path = join(home, file)
  const draft = join(folder, `${name}.part`)
  rmSync(draft, { recursive: true, force: true })
  const { address, password } = splitConnectionString(database.url(), {
    applicationName: `cutter ${context.runId}`,
    // Values are written as Cutter's own sessions read them.
    options: '-c default_transaction_read_only=on -c jit=off -c timezone=UTC -c bytea_output=hex',
  })
  const { code, stderr } = await runTool(
    findPgTool(tools, 'pgDump', serverMajor),
    [
      ...(jobs === 1 ? ['--format=custom'] : ['--format=directory', `--jobs=${jobs}`, `--file=${draft}`]),
      // The default level takes most of the time of a dump, and saves little.
      '--compress=1',
      '--no-password',
      `--snapshot=${snapshot}`,
      `--lock-wait-timeout=${Math.round(lockTimeoutMs)}`,
      // Otherwise each partition is filled with the rows that the source has there, which it may reject.
      ...(scattered ? ['--load-via-partition-root'] : []),
      ...without.map(({ schema, table }) => `--exclude-table-data=${quoted(schema)}.${quoted(table)}`),
      `--dbname=${address}`,
    ],
    { password, signal: context.signal, cwd: home, ...(jobs === 1 ? { output: draft } : {}) },
  )
  if (code !== 0) {
    rmSync(draft, { recursive: true, force: true })
    throw dumpFailedError(database.name, stderr)
  }
  secureDump(draft)
  // A backup that this effect took before it was interrupted.
  rmSync(path, { recursive: true, force: true })
  renameSync(draft, path)
  syncToDisk(folder)
  return {
    file,
    sha256: await digestOfDump(path),
    bytes: sizeOfDump(path),
    takenAt,
    tool,
    ...(jobs === 1 ? {} : { format: 'directory' as const }),
  }
}

async function restoreDump(
  { home, tools, jobs = parallelJobs() }: Place,
  context: EffectContext,
  { dump, into, options }: { dump: DatabaseDump; into: MigrationDatabase; options: RestoreOptions },
): Promise<RestoredDump> {
  const path = join(home, dump.file)
  const found = existsSync(path) ? await digestOfDump(path) : null
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
    { ...sourceOf(home, dump), jobs: dump.format === 'directory' ? jobs : 1, definitions, cwd: home },
    into,
    options,
  )
}

/** The major version of the pg_dump that made a dump: an older pg_restore can't read it. */
const majorOf = ({ tool }: DatabaseDump) => Number(/\d+/.exec(tool)?.[0] ?? 0)
