import { Stop } from '../../domain/errors.ts'

/** Builds the stop for what pg_dump wrote to stderr. */
export function dumpFailedError(name: string, stderr: string): Stop {
  const tail = stderr.trim().split('\n').slice(-3).join(' ')
  // pg_dump's own messages: for a lock timeout, and when another session waits for a lock that its parallel processes would share.
  const locked =
    (/due to (lock|statement) timeout/.test(stderr) && /LOCK TABLE/.test(stderr)) ||
    /could not obtain lock on relation/.test(stderr)
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
  if (/too many (?:connections|clients)|remaining connection slots/.test(stderr))
    return 'a parallel dump needs a connection for each job and two more: give the role more, or set backups.jobs of cutter.yaml to 1'
  return 'fix the problem that it names'
}
