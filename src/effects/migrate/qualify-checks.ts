import type { EffectContext } from '../../domain/effect.ts'
import { REVIEWED_MAJOR } from '../../migration/harmless-functions.ts'
import type { MigrationDatabase, MigrationLimits } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { type Ask, askByLogin, askStrictly, STRICT_PATH } from './ask-check.ts'
import { type CheckReach, readCheckReach } from './check-reach.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'
import { describeRejection } from './migration-checks.ts'

/**
 * Finds out for each check what it reaches, on a rehearsal database with the target's schema. The server resolves each as the
 * definition of a view, which executes nothing, in a transaction that is rolled back.
 * @param texts SELECT statements
 * @param named the functions of the application that bundle.yaml names
 */
export async function qualifyChecks(
  database: MigrationDatabase,
  context: EffectContext,
  limits: MigrationLimits,
  { texts, named }: { texts: string[]; named: string[] },
): Promise<CheckReach[]> {
  const names = new Set(named.map((name) => name.replaceAll(/,\s+/g, ',')))
  return inDiscardedTransaction(database, context, limits, async (sql) => {
    const reaches: CheckReach[] = []
    for (const text of texts) reaches.push(await qualifyCheck(sql, text, names))
    return reaches
  })
}

async function qualifyCheck(sql: Sql, text: string, named: ReadonlySet<string>): Promise<CheckReach> {
  await sql.query(`savepoint cutter_check; set local search_path = ${STRICT_PATH}`)
  try {
    const unresolved = await createView(sql, text)
    if (unresolved !== null)
      return refusedReach(`the server can’t resolve it with search_path = ${STRICT_PATH}: ${unresolved}`)
    const { rows } = await sql.query<{ view: number; major: number }>(
      `select 'pg_temp.cutter_check'::regclass::oid::int8::float8 as view, current_setting('server_version_num')::int / 10000 as major`,
    )
    const { view, major } = rows[0]!
    if (major > REVIEWED_MAJOR)
      return refusedReach(`Cutter does not know the functions of PostgreSQL ${major}`)
    const reach = await readCheckReach(sql, view, named)
    if (reach.refused.length === 0 && (await dependsOnPath(sql, text))) reach.refused.push(OTHER_BY_PATH)
    return reach
  } finally {
    await sql.query('rollback to savepoint cutter_check; release savepoint cutter_check')
  }
}

/** A function such as to_regclass resolves names only when it runs, so that the view does not show them. */
const OTHER_BY_PATH = `it has another answer with search_path = ${STRICT_PATH}: write names with their schema`

async function dependsOnPath(sql: Sql, text: string): Promise<boolean> {
  const answer = async (ask: Ask) => {
    const rows = await ask(sql, text).catch(describeRejection)
    return typeof rows === 'string'
      ? rows
      : rows
          .map((row) => JSON.stringify(row))
          .sort()
          .join('\n')
  }
  return (await answer(askStrictly)) !== (await answer(askByLogin))
}

/** Returns the server's message where it rejects the view, or null. */
async function createView(sql: Sql, text: string): Promise<string | null> {
  try {
    // The extended protocol takes one statement, so that no text can end the definition and begin another statement.
    await sql.query({ text: `create temp view cutter_check as ${text}`, queryMode: 'extended' } as {
      text: string
    })
    return null
  } catch (error) {
    if ((error as { severity?: string }).severity === 'ERROR') return (error as Error).message
    throw error
  }
}

const refusedReach = (reason: string): CheckReach => ({ refused: [reason], functions: [], reads: [] })
