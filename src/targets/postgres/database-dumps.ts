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
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { MigrationDatabase } from './migration-database.ts'
import { assertToolVersion, runTool, splitLibpqUrl } from './pg-tools.ts'

/** Backups on disk: pg_dump's custom format below var/backups/<run>, readable by their owner alone, named by their SHA-256. */

export interface DatabaseDump {
  /** Below the home. */
  file: string
  sha256: string
  bytes: number
  /** When the snapshot was taken that it holds, ISO 8601. */
  takenAt: string
  tool: string
}

export interface DatabaseDumps {
  /** Refuses tools that are missing or older than the server. */
  check(context: EffectContext, serverMajor: number): Promise<string>
  /** Dumps what the exported snapshot sees. */
  take(
    context: EffectContext,
    database: MigrationDatabase,
    given: { name: string; snapshot: string; serverMajor: number; lockTimeoutMs: number },
  ): Promise<DatabaseDump>
  /** Fills an empty database. A dump whose bytes are not those that were taken is refused. */
  restore(context: EffectContext, dump: DatabaseDump, into: MigrationDatabase): Promise<void>
}

export function openDatabaseDumps(home: string): DatabaseDumps {
  const check: DatabaseDumps['check'] = async ({ signal }, serverMajor) => {
    const version = await assertToolVersion('pg_dump', serverMajor, signal)
    await assertToolVersion('pg_restore', Number.parseInt(version, 10), signal)
    return version
  }
  return {
    check,
    async take(context, database, { name, snapshot, serverMajor, lockTimeoutMs }) {
      const takenAt = context.now().toISOString()
      const tool = `pg_dump ${await check(context, serverMajor)}`
      const folder = privateFolder(home, context.runId)
      const file = join('var', 'backups', context.runId, `${name}.dump`)
      const draft = join(folder, `${name}.part`)
      rmSync(draft, { force: true })
      const { address, password } = splitLibpqUrl(database.url())
      const { code, stderr } = await runTool(
        'pg_dump',
        [
          ...['--format=custom', '--no-password', `--file=${draft}`, `--snapshot=${snapshot}`],
          ...[`--lock-wait-timeout=${Math.round(lockTimeoutMs)}`, `--dbname=${address}`],
        ],
        {
          password,
          signal: context.signal,
          environment: {
            PGAPPNAME: `cutter ${context.runId}`,
            PGOPTIONS: '-c default_transaction_read_only=on',
          },
        },
      )
      if (code !== 0) {
        rmSync(draft, { force: true })
        throw dumpFailed(database.name, stderr)
      }
      chmodSync(draft, 0o600)
      sync(draft)
      renameSync(draft, join(home, file))
      sync(folder)
      return {
        file,
        sha256: await hashOfFile(join(home, file)),
        bytes: statSync(join(home, file)).size,
        takenAt,
        tool,
      }
    },
    async restore(context, dump, into) {
      const path = join(home, dump.file)
      const found = existsSync(path) ? await hashOfFile(path) : null
      if (found !== dump.sha256) {
        const what = found === null ? 'is gone' : 'has other bytes than were taken'
        throw new Stop('STOP_BACKUP_FAILED', `the backup ${dump.file} ${what}`, {
          next: 'put it back, or cancel this run and start another',
        })
      }
      const { address, password } = splitLibpqUrl(into.url())
      const { code, stderr } = await runTool(
        'pg_restore',
        ['--no-password', '--no-tablespaces', '--no-subscriptions', `--dbname=${address}`, path],
        { password, signal: context.signal, environment: { PGAPPNAME: `cutter ${context.runId}` } },
      )
      const faults = code === 0 ? [] : faultsOf(stderr)
      if (faults.length > 0) throw restoreFailed(into.name, faults)
    },
  }
}

function privateFolder(home: string, runId: string): string {
  const folder = join(home, 'var', 'backups', runId)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  return folder
}

function sync(path: string): void {
  const opened = openSync(path, 'r')
  fsyncSync(opened)
  closeSync(opened)
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function dumpFailed(name: string, stderr: string): Stop {
  const tail = stderr.trim().split('\n').slice(-3).join(' ')
  // Its own words for a lock that did not come in time.
  const locked = /due to (lock|statement) timeout/.test(stderr) && /LOCK TABLE/.test(stderr)
  if (locked) {
    return new Stop(
      'STOP_TARGET_LOCKED',
      `${name} is locked by another session: ${tail}; nothing was touched`,
      {
        next: 'wait until the other writer is done, then resume the run',
      },
    )
  }
  return new Stop('STOP_BACKUP_FAILED', `pg_dump could not back up ${name}: ${tail}; nothing was touched`, {
    next: 'mend what it names, then resume the run',
  })
}

/** A newer pg_restore sets what an older server has not heard of; the comparison that follows judges the copy. */
function faultsOf(stderr: string): string[] {
  const errors = stderr.split('\n').filter((line) => line.startsWith('pg_restore: error:'))
  const real = errors.filter((line) => !line.includes('unrecognized configuration parameter'))
  return errors.length === 0 ? [stderr.trim()] : real
}

function restoreFailed(name: string, faults: string[]): Stop {
  return new Stop(
    'STOP_BACKUP_FAILED',
    `the backup could not be restored into ${name}: ${faults.slice(0, 3).join(' ')}`,
    {
      next: 'a missing extension or locale: name a rehearsal server that has it (targets.<name>.rehearsalUrlEnv) and start another run; anything else: mend it, then resume the run',
      data: { faults: faults.slice(0, 20) },
    },
  )
}
