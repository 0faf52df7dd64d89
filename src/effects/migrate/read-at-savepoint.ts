import type { Sql } from '../../targets/target.ts'

/**
 * Reads inside of a transaction that writes, and leaves no trace there: read-only, at a savepoint to which the transaction is
 * rolled back.
 */
export async function readAtSavepoint<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.query('savepoint cutter_look; set local transaction_read_only = on')
  const leave = () => sql.query('rollback to savepoint cutter_look; release savepoint cutter_look')
  let value: T
  try {
    value = await work()
  } catch (error) {
    // A lost connection has no savepoint to return to.
    await leave().catch(() => undefined)
    throw error
  }
  await leave()
  return value
}
