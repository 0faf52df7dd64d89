import { z } from 'zod'
import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { MigrateDeps } from './deps.ts'
import { readCatalogue } from './read-catalogue.ts'
import { rehearseMigration } from './rehearse-migration.ts'
import { rehearsalDatabaseRef, restoreBackup, restoreFacts } from './restore-backup.ts'
import type { Backup } from './take-backup.ts'

/** The facts of a run by which its migrated database is found. */
export const migratedFacts = {
  ...restoreFacts,
  backupDigest: z.string(),
  copy: rehearsalDatabaseRef,
}
type Facts = z.infer<z.ZodObject<typeof migratedFacts>>

type Deps = Pick<MigrateDeps, 'openDatabase' | 'rehearsalDatabases' | 'dumps' | 'measures'>

/** Opens the database that was migrated: the target in a live run, the rehearsal database in a dry run. */
export async function openMigratedDatabase(
  deps: Deps,
  context: EffectContext,
  facts: Facts,
): Promise<MigrationDatabase> {
  if (context.mode === 'live') return deps.openDatabase(facts.target)
  const { role } = await readJsonEvidence<ServerIdentity>(context, facts.identityDigest)
  await ensureRehearsed(deps, context, facts)
  return deps.rehearsalDatabases.open(facts.copy, role)
}

/**
 * An earlier version restored and rehearsed as a superuser. Nothing connects to such a database any more: a run that it left open
 * restores the same backup again and repeats the rehearsal.
 */
export async function ensureRehearsed(deps: Deps, context: EffectContext, facts: Facts): Promise<void> {
  if (await deps.rehearsalDatabases.has(facts.copy)) return
  const bundle = await readJsonEvidence<MigrationBundle>(context, facts.bundleDigest)
  const backup = await readJsonEvidence<Backup>(context, facts.backupDigest)
  const { role } = await readJsonEvidence<ServerIdentity>(context, facts.identityDigest)
  // A backup that was taken again after the approval was compared with a newer schema than the planned one.
  await restoreBackup(deps, context, facts, { backup, catalogue: null }, facts.copy)
  await deps.rehearsalDatabases.markUsed(facts.copy, context)
  const database = await deps.rehearsalDatabases.open(facts.copy, role)
  await rehearseMigration(database, context, bundle, await database.read(context, readCatalogue))
}
