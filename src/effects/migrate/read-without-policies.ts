import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'

/** A restored table has no other users that it could wait for, and reading it takes as long as its rows need. */
const LIMITS = { lockTimeoutMs: 60_000, statementTimeoutMs: 0 }

/**
 * Reads all rows of a copy as the role that restored it. On most servers that role bypasses policies. Where the login of a rehearsal server
 * may not give it that, it has the rights of the owners, for whom policies count only if they are forced: then they are not forced within a
 * transaction that is rolled back.
 */
export async function readWithoutPolicies<T>(
  copy: MigrationDatabase,
  context: EffectContext,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const forced = await copy.read(context, async (sql) => {
    const { rows } = await sql.query<{ text: string }>(
      `select format('alter table %I.%I no force row level security', nspname, relname) as text
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where relrowsecurity and relforcerowsecurity and pg_has_role(relowner, 'usage')
         and not (select rolbypassrls or rolsuper from pg_roles where rolname = current_user)`,
    )
    return rows.map(({ text }) => text)
  })
  if (forced.length === 0) return copy.read(context, work)
  return inDiscardedTransaction(copy, context, LIMITS, async (sql) => {
    for (const text of forced) await sql.query(text)
    return work(sql)
  })
}
