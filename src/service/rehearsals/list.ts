import type { Home } from '../../app/open-home.ts'
import { createRehearsalDatabases } from '../../builtin/rehearsal-servers.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { RehearsalDatabaseFacts } from '../../targets/postgres/rehearsal-database.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'

/**
 * Lists the rehearsal databases on all known servers. Does not start an embedded server that was never used. The list is what
 * `--json` prints.
 * @throws TARGET_UNREACHABLE when a server can't be asked
 */
export async function listRehearsals(home: Home): Promise<RehearsalDatabaseFacts[]> {
  assertRole(home, 'list rehearsal databases')
  assertUnlimited(home, 'list rehearsal databases')
  try {
    return await createRehearsalDatabases({ ...(await home.app()), env: home.env }).list()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const { next } = error.facts
    throw new CutterError('TARGET_UNREACHABLE', error.message, next === undefined ? {} : { next })
  }
}
