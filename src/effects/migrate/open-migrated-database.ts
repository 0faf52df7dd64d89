import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef } from '../../targets/postgres/rehearsal-database.ts'
import type { MigrateDeps } from './deps.ts'

/** Opens the database that was migrated: the target in a live run, the rehearsal database in a dry run. */
export async function openMigratedDatabase(
  deps: Pick<MigrateDeps, 'openDatabase' | 'rehearsalDatabases'>,
  { mode }: Pick<EffectContext, 'mode'>,
  { target, copy }: { target: string; copy: RehearsalDatabaseRef },
  { role }: ServerIdentity,
): Promise<MigrationDatabase> {
  return mode === 'live' ? deps.openDatabase(target) : deps.rehearsalDatabases.open(copy, role)
}
