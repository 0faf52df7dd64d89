import type { EffectContext } from '../../domain/effect.ts'
import type { Sql } from '../../targets/target.ts'

/** Prefix of the actor in rows that a cut wrote. */
export const ACTOR = 'cutter/'

/** Returns the actor that a run's rows name. */
export const actorOf = ({ runId }: Pick<EffectContext, 'runId'>) => `${ACTOR}${runId}`

/**
 * Locks a document until the transaction ends, so that it has one writer. The lock also waits for the statement of a dead client
 * that the server still executes.
 */
export async function lockDocument(sql: Sql, document: string): Promise<void> {
  await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`cutter/document/${document}`])
}
