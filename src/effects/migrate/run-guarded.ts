import { Stop } from '../../domain/errors.ts'
import type { Sql } from '../../targets/target.ts'
import { runScript } from './run-script.ts'
import { describeSharedChanges, readSharedObjects } from './shared-objects.ts'

/** A script within the transaction at hand, which it may neither end nor use to touch what no migration may touch. */
export async function runGuarded(
  sql: Sql,
  text: string,
  what: 'script' | 'rollback',
): Promise<{ touched: string[]; transactionId: string }> {
  const shared = await readSharedObjects(sql)
  const transactionId = await transactionIdOf(sql)
  const touched = await runScript(sql, text, what)
  if ((await transactionIdOf(sql)) !== transactionId)
    throw new Stop(
      'STOP_MIGRATION_FAILED',
      `the ${what} ended its own transaction; what it did can’t be told from here`,
    )
  refuseShared(what, describeSharedChanges(shared, await readSharedObjects(sql)))
  return { touched, transactionId }
}

async function transactionIdOf(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ id: string }>('select pg_catalog.pg_current_xact_id()::text as id')
  return rows[0]!.id
}

function refuseShared(what: string, lines: string[]): void {
  if (lines.length === 0) return
  throw new Stop(
    'STOP_RESULT_DIFFERS',
    `while the ${what} ran, what no migration may touch was touched: ${lines.slice(0, 5).join('; ')}; rolled back whole`,
    {
      next: `if the ${what} did it, take it out in a new bundle and start another run; if another session did, resume the run`,
      data: { differences: lines.slice(0, 100) },
    },
  )
}
