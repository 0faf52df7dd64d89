import type pg from 'pg'
import type { CrashHarness, Running, Task } from './crash-harness.ts'

/** A database session of the test that blocks runs by a lock, so that a process dies during a statement, on a machine of any speed. */
export interface LockSession {
  take(statement: string): Promise<void>
  release(): Promise<void>
  /** Starts the task's next command and waits until its session waits for the lock. Returns the process and the waiting statement. */
  startBlocked(task: Task): Promise<Running & { statement: string; runId: string }>
}

/** Blocks writers of units, and no readers: for leg A. */
export const LOCK_AGAINST_WRITERS = 'lock table public.information_unit in share mode'

/** Blocks every access to units. */
export const LOCK_AGAINST_ALL = 'lock table public.information_unit in access exclusive mode'

/** Blocks the COMMIT of leg B, because its references to units are checked there. */
export const lockUnits = ({ document }: Task) =>
  `select from public.information_unit where doc_code = '${document}' for update`

/** Takes the lock of a document's writers and probes. */
export const lockDocument = ({ document }: Task) =>
  `select pg_advisory_xact_lock(hashtextextended('cutter/document/${document}', 0))`

export function createLockSession(harness: CrashHarness): LockSession {
  let session: pg.Client | null = null
  return {
    async take(statement) {
      session = await harness.at.superuser()
      await session.query('begin')
      await session.query(statement)
    },
    async release() {
      // The server may be gone, and the lock with it.
      await session?.query('rollback').catch(() => undefined)
      session = null
    },
    async startBlocked(task) {
      const running = harness.start(await harness.nextCommand(task))
      const { runId } = await harness.waitForRun(task)
      const [statement] = await harness.waitForBlocked(runId)
      return { ...running, statement: statement!, runId }
    },
  }
}
