import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { lockMigrations } from './apply-in-transaction.ts'
import type { MigrateDeps } from './deps.ts'
import { readServerIdentity } from './server-identity.ts'

/**
 * How it is known, after a lost connection or a crash, whether a migration committed. The transaction's id is written to the disk
 * right before COMMIT is sent, with what the transaction measured; the server itself then says what became of it
 * (pg_xact_status). A marker row would need a table of ours in the target, which would be a change that no bundle declares.
 */

interface Note {
  transactionId: string
  systemIdentifier: string
  timeline: number
  database: string
  what: Json
}

/** To be called as the last thing before the commit. */
export async function writeCommitNote(
  world: MigrateDeps,
  { runId }: EffectContext,
  name: string,
  sql: Sql,
  given: { transactionId: string; what: unknown },
): Promise<void> {
  const { systemIdentifier, timeline, database } = await readServerIdentity(sql)
  try {
    world.notes.write(runId, name, { ...given, systemIdentifier, timeline, database } as unknown as Json)
  } catch (error) {
    throw new Stop(
      'STOP_MIGRATION_FAILED',
      `what was about to be committed can’t be noted on the disk (${(error as Error).message}); rolled back whole`,
      { next: 'mend that, then resume the run', cause: error },
    )
  }
}

export type CommitOutcome =
  | { outcome: 'committed'; what: Json }
  | { outcome: 'not-committed' }
  | { outcome: 'unknown'; why: string }

/** Waits for the migration's own lock first: the server may still be finishing a dead client's statement. */
export async function probeCommit(
  world: MigrateDeps,
  context: EffectContext,
  name: string,
  database: MigrationDatabase,
  waitMs: number,
): Promise<CommitOutcome> {
  return database.read(
    context,
    async (sql): Promise<CommitOutcome> => {
      await lockMigrations(sql)
      const note = world.notes.read(context.runId, name) as unknown as Note | null
      if (note === null) return { outcome: 'not-committed' }
      const here = await readServerIdentity(sql)
      const other = otherServer(note, here)
      if (other !== null) return { outcome: 'unknown', why: other }
      const { rows } = await sql.query<{ status: string | null }>(
        'select pg_catalog.pg_xact_status($1::text::pg_catalog.xid8) as status',
        [note.transactionId],
      )
      const status = rows[0]!.status
      if (status === 'committed') return { outcome: 'committed', what: note.what }
      if (status === 'aborted') return { outcome: 'not-committed' }
      return {
        outcome: 'unknown',
        why: `the server says of transaction ${note.transactionId}: ${status ?? 'too old to tell'}`,
      }
    },
    waitMs,
  )
}

/** A transaction's id means something on the server, and the timeline, that gave it. */
function otherServer(note: Note, here: ServerIdentity): string | null {
  if (note.systemIdentifier !== here.systemIdentifier || note.database !== here.database)
    return 'another server or database answers now than the one that was migrated'
  if (note.timeline !== here.timeline)
    return `the server is on timeline ${here.timeline} now, the migration ran on ${note.timeline}: it was failed over or restored since`
  return null
}
