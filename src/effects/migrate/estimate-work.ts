import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { BackupRates } from '../../targets/system/backup-rates.ts'
import type { Sql } from '../../targets/target.ts'

/** What a migration of a database will need, known before anything is done. Bytes, and seconds where a rate was measured before. */
export interface WorkEstimate {
  databaseBytes: number
  /** Free on the disk of the home, which holds the backups, and the copies of servers that Cutter makes. */
  freeBytes: number
  /** Of both backups with their restore and comparison; null before the first backup of this home. */
  seconds: number | null
}

/** A restored copy has no bloat, so it may be smaller than its source; below this part of it nobody can expect that it fits. */
const SURELY_NEEDED = 0.5

export async function readDatabaseBytes(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ bytes: string }>(
    'select pg_catalog.pg_database_size(pg_catalog.current_database()) as bytes',
  )
  return Number(rows[0]!.bytes)
}

/**
 * Estimates a migration, so that one that can't work ends before its backup.
 * @param hasCopies whether the disk of the home holds the copies too
 * @throws STOP_BACKUP_FAILED where the disk or the time of the run can't suffice
 */
export function estimateWork(
  { deadline, now }: Pick<EffectContext, 'deadline' | 'now'>,
  given: { databaseBytes: number; freeBytes: number; rates: BackupRates; hasCopies: boolean },
): WorkEstimate {
  const { databaseBytes, freeBytes, rates, hasCopies } = given
  const { backup, restore } = rates
  const seconds =
    backup === undefined || restore === undefined
      ? null
      : Math.ceil(2 * (databaseBytes / backup + databaseBytes / restore))
  if (hasCopies && freeBytes < databaseBytes * SURELY_NEEDED)
    throw new Stop(
      'STOP_BACKUP_FAILED',
      `the database has ${sizeOf(databaseBytes)}, and the disk of this home has ${sizeOf(freeBytes)} free, where its backup and a restored copy must fit; nothing was changed`,
      {
        next: 'free space there, or name a server for rehearsals in cutter.yaml (targets.<name>.rehearsalUrlEnv); then resume the run',
      },
    )
  const left = (deadline.getTime() - now().getTime()) / 1_000
  if (seconds !== null && seconds / 2 > left)
    throw new Stop(
      'STOP_BACKUP_FAILED',
      `the database has ${sizeOf(databaseBytes)}: one backup with its restore and comparison takes about ${Math.ceil(seconds / 120)} min at the rate of the last one here, and ${Math.floor(left / 60)} min of the run are left; nothing was changed`,
      { next: 'raise caps.runMinutes in cutter.yaml, then resume the run' },
    )
  return { databaseBytes, freeBytes, seconds }
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** Bytes for people, such as `1.5 GB`. */
export function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1_000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`
}
