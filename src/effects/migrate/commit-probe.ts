import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import type { MigrateDeps } from './deps.ts'
import { lockMigrations } from './migration-lock.ts'
import { readServerIdentity } from './server-identity.ts'

/**
 * Finds out, after a lost connection or a crash, whether a migration committed. The id of its transaction is written to the disk
 * right before COMMIT is sent, with what the transaction measured. The server then reports its status (`pg_xact_status`). A marker
 * row would need a table of Cutter's in the target, which is a change that no bundle declares.
 */

interface CommitNote {
  transactionId: string
  systemIdentifier: string
  timeline: number
  database: string
  what: Json
}

/** Which transaction of a run: a run may apply a migration, in several parts, and, later, its rollback. */
export type CommitNoteName = 'apply' | 'rollback' | `part-${number}` | `back-${number}`

/**
 * Writes the note that `probeCommit` reads. It must be the last call before the commit.
 * @throws STOP_MIGRATION_FAILED when the disk refuses the note
 */
export async function writeCommitNote(
  deps: Pick<MigrateDeps, 'commitNotes'>,
  { runId }: EffectContext,
  name: CommitNoteName,
  sql: Sql,
  given: { transactionId: string; what: unknown },
): Promise<void> {
  const { systemIdentifier, timeline, database } = await readServerIdentity(sql)
  try {
    const note = { ...given, systemIdentifier, timeline, database }
    deps.commitNotes.write(runId, name, note as unknown as Json)
  } catch (error) {
    throw new Stop(
      'STOP_MIGRATION_FAILED',
      `the note that must precede the commit can’t be written to the disk (${(error as Error).message}); the transaction was rolled back`,
      {
        next: 'make var/migrations writable, then resume the run',
        data: { mayResume: true },
        cause: error,
      },
    )
  }
}

/** What the last note of a transaction holds, whatever became of it; null where there is none. */
export function readCommitNote(
  deps: Pick<MigrateDeps, 'commitNotes'>,
  { runId }: Pick<EffectContext, 'runId'>,
  name: CommitNoteName,
): Json | null {
  const note = deps.commitNotes.read(runId, name) as unknown as CommitNote | null
  return note?.what ?? null
}

/** What became of a transaction; `what` is what the note holds of it. */
type CommitOutcome =
  | { outcome: 'committed'; what: Json }
  | { outcome: 'not-committed' }
  | { outcome: 'unknown'; why: string }

/**
 * Reports whether the transaction of a note was committed. It waits for the lock of migrations first, at most `waitMs`
 * milliseconds, because the server may still be running the statement of a dead client.
 */
export async function probeCommit(
  deps: Pick<MigrateDeps, 'commitNotes'>,
  context: EffectContext,
  name: CommitNoteName,
  database: MigrationDatabase,
  waitMs: number,
): Promise<CommitOutcome> {
  return database.read(
    context,
    async (sql) => {
      await lockMigrations(sql)
      return readCommit(deps, context, name, sql)
    },
    waitMs,
  )
}

/**
 * Takes the lock of migrations in a transaction that is about to write, and then asks again whether the process still has its claim, and
 * whether the write was committed meanwhile. The lock is held until the transaction ends, so that neither can change before the commit.
 * @returns what the committed transaction measured; null when nothing was committed
 * @throws RUN_HELD, STORE_CONFLICT when the claim is lost
 * @throws STOP_OUTCOME_UNKNOWN when nobody can tell
 */
export async function lockAndProbe(
  deps: Pick<MigrateDeps, 'commitNotes'>,
  context: EffectContext,
  name: CommitNoteName,
  sql: Sql,
): Promise<Json | null> {
  await lockMigrations(sql)
  await context.assertClaimed()
  const found = await readCommit(deps, context, name, sql)
  if (found.outcome === 'committed') return found.what
  if (found.outcome === 'not-committed') return null
  throw new Stop('STOP_OUTCOME_UNKNOWN', `it is not known whether the ${name} was committed: ${found.why}`, {
    next: 'cutter run resume <run> asks the target again before anything is written',
  })
}

/** Reads, under the lock of migrations, what became of the transaction of a note. */
async function readCommit(
  deps: Pick<MigrateDeps, 'commitNotes'>,
  { runId }: EffectContext,
  name: CommitNoteName,
  sql: Sql,
): Promise<CommitOutcome> {
  const note = deps.commitNotes.read(runId, name) as unknown as CommitNote | null
  if (note === null) return { outcome: 'not-committed' }
  const otherServer = findOtherServer(note, await readServerIdentity(sql))
  if (otherServer !== null) return { outcome: 'unknown', why: otherServer }
  const { rows } = await sql.query<{ status: string | null }>(
    'select pg_catalog.pg_xact_status($1::text::pg_catalog.xid8) as status',
    [note.transactionId],
  )
  const status = rows[0]!.status
  if (status === 'committed') return { outcome: 'committed', what: note.what }
  if (status === 'aborted') return { outcome: 'not-committed' }
  return {
    outcome: 'unknown',
    why: `the server reports for transaction ${note.transactionId}: ${status ?? 'too old to know'}`,
  }
}

/** The id of a transaction has a meaning only on the server, and the timeline, that assigned it. */
function findOtherServer(note: CommitNote, found: ServerIdentity): string | null {
  if (note.systemIdentifier !== found.systemIdentifier || note.database !== found.database)
    return 'another server or database answers now than the one that was migrated'
  if (note.timeline !== found.timeline)
    return `the server is on timeline ${found.timeline} now, the migration ran on ${note.timeline}: it was failed over or restored since`
  return null
}
