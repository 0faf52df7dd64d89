import { Stop } from '../../domain/errors.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { Sql } from '../../targets/target.ts'
import { runScript } from './run-script.ts'
import { describeSharedChanges, readSharedObjects } from './shared-objects.ts'

/**
 * Runs a script in the current transaction. `touched` holds the relations and schemas that `runScript` returns.
 * @param readCommitted reads the shared objects in another session of the same role, which does not see this transaction
 * @throws STOP_MIGRATION_FAILED when the script fails or ends the transaction
 * @throws STOP_RESULT_DIFFERS when objects changed that no migration may change
 */
export async function runGuarded(
  sql: Sql,
  text: string,
  what: 'script' | 'rollback',
  readCommitted: () => Promise<Catalogue>,
  firstLine = 1,
): Promise<{ touched: string[]; transactionId: string }> {
  const shared = await readSharedObjects(sql)
  const transactionId = await transactionIdOf(sql)
  const touched = await runScript(sql, text, what, firstLine)
  if ((await transactionIdOf(sql)) !== transactionId)
    throw new Stop('STOP_MIGRATION_FAILED', `the ${what} ended its own transaction; its effect is unknown`)
  assertSharedUnchanged(what, await findOwnChanges(sql, shared, readCommitted))
  return { touched, transactionId }
}

const ROUNDS = 3

/**
 * Describes the forbidden changes of the transaction itself. Others may make and remove a role between two readings. Only a change of its own is
 * in every reading of the transaction, and in none of the other session.
 */
async function findOwnChanges(
  sql: Sql,
  before: Catalogue,
  readCommitted: () => Promise<Catalogue>,
): Promise<string[]> {
  let own = describeSharedChanges(before, await readSharedObjects(sql))
  for (let round = 0; round < ROUNDS && own.length > 0; round += 1) {
    const present = await readSharedObjects(sql)
    const found = describeSharedChanges(before, present, await readCommitted())
    own = own.filter((line) => found.includes(line))
  }
  return own
}

async function transactionIdOf(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ id: string }>('select pg_catalog.pg_current_xact_id()::text as id')
  return rows[0]!.id
}

function assertSharedUnchanged(what: string, lines: string[]): void {
  if (lines.length === 0) return
  throw new Stop(
    'STOP_RESULT_DIFFERS',
    `the ${what} changed objects that no migration may change: ${lines.slice(0, 5).join('; ')}; the transaction was rolled back`,
    {
      next: `remove the statement from the ${what} in a new migration bundle, and start another run`,
      data: { differences: lines.slice(0, 100) },
    },
  )
}
