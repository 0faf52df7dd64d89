import type pg from 'pg'
import type { CrashHarness, Running, Task } from './crash-harness.ts'

/** A session of the test that holds runs up by a lock, so that a death comes in the midst of a statement, at any speed. */
export interface LockSession {
  on(statement: string): Promise<void>
  release(): Promise<void>
  /** Goes on with the task until its session waits for the lock; gives the process and the statement that waits. */
  heldUp(task: Task): Promise<Running & { statement: string; runId: string }>
}

/** Readers pass, writers wait: for leg A. */
export const LOCK_AGAINST_WRITERS = 'lock table public.information_unit in share mode'

/** For everything that looks at units. */
export const LOCK_AGAINST_ALL = 'lock table public.information_unit in access exclusive mode'

/** Leg B names units, which is checked at COMMIT: units that are locked hold the COMMIT itself up. */
export const lockUnits = ({ document }: Task) =>
  `select from public.information_unit where doc_code = '${document}' for update`

/** The lock that a document's writers take, and each probe of what they wrote. */
export const lockDocument = ({ document }: Task) =>
  `select pg_advisory_xact_lock(hashtextextended('cutter/document/${document}', 0))`

export function createLockSession(stage: CrashHarness): LockSession {
  let session: pg.Client | null = null
  return {
    async on(statement) {
      session = await stage.at.superuser()
      await session.query('begin')
      await session.query(statement)
    },
    async release() {
      // The server may be gone, and the lock with it.
      await session?.query('rollback').catch(() => undefined)
      session = null
    },
    async heldUp(task) {
      const running = stage.begin(await stage.next(task))
      const { runId } = await stage.started(task)
      const [statement] = await stage.blocked(runId)
      return { ...running, statement: statement!, runId }
    },
  }
}
