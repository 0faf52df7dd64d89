import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationBundleFiles, MigrationBundleSpec } from '../../migration/migration-bundle.ts'
import type { DatabaseDumps } from '../../targets/postgres/database-dumps.ts'
import type { MigrationDatabase, MigrationLimits } from '../../targets/postgres/migration-database.ts'
import type { MigrationRehearsalDatabases } from '../../targets/postgres/rehearsal-databases.ts'
import type { CommitNotes } from '../../targets/system/commit-notes.ts'
import type { SquawkReport } from '../../targets/system/squawk.ts'

/** What the effects of a migration reach for; the app brings it. */
export interface MigrateDeps {
  readBundle(folder: string): Promise<MigrationBundleFiles>
  squawk(folder: string, file: string, inTransaction: boolean, signal: AbortSignal): Promise<SquawkReport>
  /** The target, as the role that migrates. */
  database(target: string): Promise<MigrationDatabase>
  copies: MigrationRehearsalDatabases
  dumps: DatabaseDumps
  notes: CommitNotes
}

export async function readJsonEvidence<T>(context: EffectContext, digest: string): Promise<T> {
  return JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8')) as T
}

export const limitsOf = (spec: MigrationBundleSpec): MigrationLimits => ({
  lockTimeoutMs: spec.lockTimeoutSeconds * 1_000,
  statementTimeoutMs: spec.statementTimeoutSeconds * 1_000,
})
