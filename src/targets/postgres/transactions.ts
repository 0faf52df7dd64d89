import type pg from 'pg'
import { OutcomeUnknownError } from './connection-errors.ts'
import { findLostConnection } from './pg-client.ts'

/**
 * Works in a read-only transaction of one snapshot, and rolls it back. `transactionId` is null when the server assigned none, which
 * proves that nothing in the transaction wrote.
 */
export async function inReadOnlyTransaction<T>(
  client: pg.Client,
  work: (client: pg.Client) => Promise<T>,
): Promise<{ value: T; transactionId: string | null }> {
  await client.query('begin isolation level repeatable read read only')
  try {
    const value = await work(client)
    const { rows } = await client.query<{ id: string | null }>(
      'select pg_catalog.pg_current_xact_id_if_assigned()::text as id',
    )
    return { value, transactionId: rows[0]?.id ?? null }
  } finally {
    await rollback(client)
  }
}

/**
 * Commits what `work` did, or rolls it back and rethrows. After any error but OutcomeUnknownError nothing remains: when the server
 * answers COMMIT with an error, such as that of a deferred constraint, it has rolled back.
 * @throws OutcomeUnknownError when the connection was lost after COMMIT was sent
 */
export async function inTransaction<T>(
  client: pg.Client,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  await client.query('begin')
  let value: T
  try {
    value = await work(client)
    const lost = findLostConnection(client)
    if (lost !== undefined) throw lost
  } catch (error) {
    await rollback(client)
    throw error
  }
  await commit(client)
  return value
}

async function commit(client: pg.Client): Promise<void> {
  let answer: string
  try {
    answer = (await client.query('commit')).command
  } catch (error) {
    throw (error as { severity?: string }).severity === 'ERROR' ? error : new OutcomeUnknownError(error)
  }
  // The server answers so, without an error, when a statement had failed and the caller continued.
  if (answer !== 'COMMIT')
    throw new Error('the server rolled back at COMMIT: an earlier statement of the transaction had failed')
}

/** On a lost connection the server rolls back by itself. */
async function rollback(client: pg.Client): Promise<void> {
  await client.query('rollback').catch(() => undefined)
}
