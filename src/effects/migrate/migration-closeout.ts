import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import type { MigrationOutcome } from '../../migration/migration-outcome.ts'
import type { CheckResult } from './migration-checks.ts'
import type { PlannedRestore } from './planned-restore.ts'
import type { DistinctValues } from './row-changes.ts'

/** The closeout of a migration as data; `renderMigrationCloseout` makes the text for people. Saved as evidence `closeout`. */
export interface MigrationCloseout {
  runId: string
  mode: string
  bundle: string
  migrationSha256: string
  target: { name: string; systemIdentifier: string; database: string; version: string; role: string }
  /** The present state of the target, in one sentence. */
  standsAs: string
  did: Pick<MigrationOutcome, 'schema' | 'rows' | 'columns'>
  /** Distinct values of the changed columns before and after. */
  values: DistinctValues
  /** The values after the migration, as verified against the rehearsal. */
  distributions: MigrationOutcome['distributions']
  rollbackExecuted: boolean
  /** Whether the run did anything that its plan does not say. */
  scope: string
  checks: { preflight: CheckResult[]; verification: CheckResult[]; failed: string[] }
  sideEffects: MigrationBundleSpec['sideEffects']
  backups: ({ which: string; holds: string; retention: string } & (
    | {
        file: string
        sha256: string
        takenAt: string
        /** What pg_restore alone can't restore of this one, where it is not what `restore` says. */
        restore?: PlannedRestore
      }
    | {
        snapshot: {
          systemIdentifier: string
          database: string
          startedAt: string
          transactionId: string
          takenAfter: string
        }
      }
  ))[]
  /** What pg_restore alone can't restore of them; left out where it can. */
  restore?: PlannedRestore
  rehearsalKept: { place: string; database: string }
  unauthorised: string[]
  nextStep: string
}

/** The checks after the commit, and one line for each that failed. Saved as evidence `verification`. */
export interface MigrationVerification {
  checks: CheckResult[]
  failed: string[]
}
