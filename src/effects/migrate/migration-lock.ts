import { setTimeout as sleep } from 'node:timers/promises'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Sql } from '../../targets/target.ts'

const POLL_MS = 200

/** Takes the lock of migrations until the transaction ends. A database is migrated by one run at a time, and a probe waits for it. */
export async function lockMigrations(sql: Sql): Promise<void> {
  await sql.query(`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('cutter/migrate', 0))`)
}

/**
 * Takes the same lock for a session that has no transaction, by polling. A waiting statement would hold a snapshot, and a
 * concurrent index build waits for every older snapshot.
 * @throws STOP_TARGET_LOCKED when another migration holds the lock longer than `waitMs` milliseconds
 */
export async function lockMigrationsBySession(
  sql: Sql,
  { signal }: EffectContext,
  waitMs: number,
): Promise<void> {
  const until = Date.now() + waitMs
  for (;;) {
    const { rows } = await sql.query<{ taken: boolean }>(
      `select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('cutter/migrate', 0)) as taken`,
    )
    if (rows[0]!.taken) return
    if (Date.now() > until)
      throw new Stop('STOP_TARGET_LOCKED', 'another migration is still running in this database', {
        next: 'wait until it has ended, then resume the run',
      })
    await sleep(POLL_MS, undefined, { signal })
  }
}
