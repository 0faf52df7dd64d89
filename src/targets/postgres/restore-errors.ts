import { Stop } from '../../domain/errors.ts'
import { serverMessage } from '../../domain/server-message.ts'
import type { RejectedRows } from './fill-tables.ts'
import type { LeftOut } from './restore-faults.ts'
import { functionsIn, type RestoreNeed, whereOf } from './restore-needs.ts'

/** The stops of a restore. */

/** @param leftOut what the server denied a role without power, on which the faults may depend */
export function restoreFailedError(name: string, faults: string[], leftOut: LeftOut[] = []): Stop {
  const denied = leftOut.map(({ kind, name: object }) =>
    (object.startsWith(kind) ? object : `${kind} ${object}`).trim(),
  )
  const without = denied.length === 0 ? '' : `; only a superuser could restore ${listShort(denied)}`
  return new Stop(
    'STOP_BACKUP_FAILED',
    `the backup could not be restored into ${name}: ${faults.slice(0, 3).join(' ')}${without}`,
    {
      next: 'a missing extension or locale: name a rehearsal server that has it (targets.<name>.rehearsalUrlEnv) and start another run; an object that can’t be restored: name it under deviations in bundle.yaml, such as `index public.unit_name`, and start another run; anything else: fix it, then resume the run',
      data: {
        faults: faults.slice(0, 20),
        ...(denied.length === 0 ? {} : { leftOut: denied.slice(0, 100) }),
      },
    },
  )
}

const listShort = (names: string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')

/** Of rows that no search path, no order, and no accepted deviation lets in, such as those of a partition whose key can’t be computed. */
export function rejectedRowsError(name: string, rejected: RejectedRows[]): Stop {
  const faults = rejected.map(
    ({ schema, table, error, rule }) =>
      `rows of ${schema}.${table}: ${serverMessage(error)}${whereOf(functionsIn(error.where ?? ''), rule)}`,
  )
  return new Stop(
    'STOP_BACKUP_FAILED',
    `the backup could not be restored into ${name}: ${faults.slice(0, 3).join('; ')}`,
    {
      next: 'let the function work in a session that has nothing but the search path and the rows of the database; or name an instance restored from a snapshot of the provider as the backup (targets.<name>.snapshotUrlEnv); then start another run',
      data: { faults: faults.slice(0, 20) },
    },
  )
}

/** Of rules that reject rows which the source has. */
export function unacceptedRulesError(needs: RestoreNeed[]): Stop {
  const lines = needs.map(
    ({ what, because, without = [] }) =>
      `${without.flatMap(({ objects }) => objects).join(', ')} rejects ${what}: ${because}`,
  )
  const names = [...new Set(needs.flatMap(({ without = [] }) => without.flatMap(({ objects }) => objects)))]
  return new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `a backup of the target can’t be restored with every rule that the target has: ${lines.slice(0, 5).join('; ')}; the target was not changed`,
    {
      next: `accept in bundle.yaml that the copy has them for new rows alone (deviations: [${names.map((name) => JSON.stringify(name)).join(', ')}]), or correct rows and rules on the target; then start another run`,
      data: { differences: lines.slice(0, 100), deviations: names },
    },
  )
}
