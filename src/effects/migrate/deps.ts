import type { MigrationBundleFiles } from '../../migration/migration-bundle-spec.ts'
import type { DatabaseDumps } from '../../targets/postgres/database-dumps.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { MigrationRehearsalDatabases } from '../../targets/postgres/rehearsal-databases.ts'
import type { SnapshotInstances } from '../../targets/postgres/snapshot-instances.ts'
import type { BackupMeasures } from '../../targets/system/backup-rates.ts'
import type { CommitNotes } from '../../targets/system/commit-notes.ts'
import type { LintedFile, SquawkReport } from '../../targets/system/squawk.ts'

/** What the effects of a migration depend on. */
export interface MigrateDeps {
  readMigrationFolder(folder: string): Promise<MigrationBundleFiles>
  runSquawk(linted: LintedFile, signal: AbortSignal): Promise<SquawkReport>
  /** The target, opened as the role that migrates. */
  openDatabase(target: string): Promise<MigrationDatabase>
  /** The target, opened as the role that only reads; null where cutter.yaml names none. */
  openReader(target: string): Promise<MigrationDatabase | null>
  snapshots: SnapshotInstances
  rehearsalDatabases: MigrationRehearsalDatabases
  dumps: DatabaseDumps
  commitNotes: CommitNotes
  measures: BackupMeasures
}
