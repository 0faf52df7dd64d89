import { Stop } from '../../domain/errors.ts'
import type { Sql } from '../../targets/target.ts'
import { runScript } from './run-script.ts'
import { describeSharedChanges, readSharedObjects } from './shared-objects.ts'

/**
 * Runs a script in the current transaction. `touched` holds the relations and schemas that `runScript` returns.
 * @throws STOP_MIGRATION_FAILED when the script fails or ends the transaction
 * @throws STOP_RESULT_DIFFERS when objects changed that no migration may change
 */
export async function runGuarded(
  sql: Sql,
  text: string,
  what: 'script' | 'rollback',
): Promise<{ touched: string[]; transactionId: string }> {
  const shared = await readSharedObjects(sql)
  const transactionId = await transactionIdOf(sql)
  const touched = await runScript(sql, text, what)
  if ((await transactionIdOf(sql)) !== transactionId)
    throw new Stop('STOP_MIGRATION_FAILED', `the ${what} ended its own transaction; its effect is unknown`)
  assertSharedUnchanged(what, describeSharedChanges(shared, await readSharedObjects(sql)))
  return { touched, transactionId }
}

async function transactionIdOf(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ id: string }>('select pg_catalog.pg_current_xact_id()::text as id')
  return rows[0]!.id
}

function assertSharedUnchanged(what: string, lines: string[]): void {
  if (lines.length === 0) return
  throw new Stop(
    'STOP_RESULT_DIFFERS',
    `while the ${what} ran, objects changed that no migration may change: ${lines.slice(0, 5).join('; ')}; the transaction was rolled back`,
    {
      next: `if the ${what} did it, remove the statement in a new migration bundle and start another run; if another session did it, resume the run`,
      data: { differences: lines.slice(0, 100) },
    },
  )
}
