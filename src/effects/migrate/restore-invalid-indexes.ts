import type { EffectContext } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Definition } from './read-catalogue.ts'

/** The build waits for the transaction that holds the table, so it always ends by this timeout. */
const LIMITS = { lockTimeoutMs: 500, statementTimeoutMs: 60_000 }

/**
 * Makes the invalid indexes that a failed concurrent build left in the source, and that pg_dump leaves out: by a concurrent build that
 * fails. Another session writes to the table, and the build waits for it until its lock timeout.
 * @param definitions of indexes that a restored database lacks
 */
export async function restoreInvalidIndexes(
  restored: MigrationDatabase,
  context: EffectContext,
  definitions: Definition[],
): Promise<void> {
  for (const { facts } of definitions) {
    const [text, isValid] = facts as Json[]
    if (isValid !== false || typeof text !== 'string') continue
    const relation = / ON (?:ONLY )?((?:"(?:[^"]|"")*"|[^ ".]+)\.(?:"(?:[^"]|"")*"|[^ ".]+)) USING /.exec(
      text,
    )?.[1]
    if (relation === undefined) continue
    const build = text.replace(/^CREATE (UNIQUE )?INDEX /, 'create $1index concurrently ')
    await restored.transaction(context, LIMITS, async (writer) => {
      await writer.query(`lock table ${relation} in row exclusive mode`)
      await restored.session(context, LIMITS, async (sql) => {
        // The server rejects it, and the comparison shows whether the index is there.
        await sql.query(build).catch((error: { severity?: string }) => {
          if (error.severity !== 'ERROR') throw error
        })
      })
    })
  }
}
