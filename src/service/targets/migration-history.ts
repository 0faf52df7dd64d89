import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import { openMigrationTarget } from '../../builtin/migration-target.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import {
  HISTORY_SCHEMA,
  hasHistory,
  MAKE_HISTORY,
  type RecordedMigration,
  readHistory,
} from '../../effects/migrate/migration-history.ts'
import { errorCodeOf } from '../../targets/postgres/connection-errors.ts'
import type { MigrationLimits } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { targetError } from './target-error.ts'

const LIMITS: MigrationLimits = { lockTimeoutMs: 5_000, statementTimeoutMs: 60_000 }
const NAME = `${HISTORY_SCHEMA}.history`
/** The SQLSTATE of a denied privilege. Whatever else is refused, such as a login or a pooler, has advice of its own. */
const DENIED = '42501'

/**
 * Makes the table in which migrations of a target are recorded, as the role that migrates. It needs none of the tables of cuts.
 * @throws TARGET_NOT_FOUND, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function makeHistory(
  home: Home,
  app: App,
  target: string,
): Promise<{ applied: string[]; already: string[] }> {
  const session = { runId: 'target-init', signal: app.deps.interrupt }
  try {
    const database = await openMigrationTarget({ ...app, env: home.env }, target)
    return await database.transaction(session, LIMITS, async (sql) => {
      if (await hasHistory(sql)) return { applied: [], already: [NAME] }
      for (const statement of await statementsFor(sql)) await sql.query(statement)
      return { applied: [NAME], already: [] }
    })
  } catch (error) {
    const isDenied = error instanceof Stop && errorCodeOf(error.cause) === DENIED
    if (!isDenied) throw targetError(error)
    throw new CutterError('TARGET_REFUSED', error.message, {
      next: `let the role that migrates make it: grant create on database … to …; or make the schema ${HISTORY_SCHEMA} for that role`,
      cause: error,
    })
  }
}

/** Without those for a schema that somebody else has made for the role. */
async function statementsFor(sql: Sql): Promise<readonly string[]> {
  const { rows } = await sql.query<{ found: boolean }>(
    'select pg_catalog.to_regnamespace($1) is not null as found',
    [HISTORY_SCHEMA],
  )
  return rows[0]!.found ? MAKE_HISTORY.slice(1) : MAKE_HISTORY
}

/** The statements of `makeHistory`, as a preview of `target init --history`. */
export async function previewHistory(home: Home, app: App, target: string) {
  const found = await readTargetHistory(home, app, target)
  return {
    missing: found === null ? [NAME] : [],
    already: found === null ? [] : [NAME],
    statements: [...MAKE_HISTORY],
    privileges: [],
  }
}

/**
 * Reads the history of a target, oldest first; null where it has none.
 * @throws as `makeHistory`
 */
export async function readTargetHistory(
  home: Home,
  app: App,
  target: string,
): Promise<RecordedMigration[] | null> {
  const session = { runId: 'migrate-status', signal: app.deps.interrupt }
  try {
    const database = await openMigrationTarget({ ...app, env: home.env }, target)
    return await database.read(session, readHistory)
  } catch (error) {
    throw targetError(error)
  }
}
