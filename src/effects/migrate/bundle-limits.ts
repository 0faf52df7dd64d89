import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import type { MigrationLimits } from '../../targets/postgres/migration-database.ts'

type Timeouts = Pick<MigrationBundleSpec, 'lockTimeoutSeconds' | 'statementTimeoutSeconds'>

/** The timeouts of bundle.yaml in milliseconds. */
export const limitsOf = ({ lockTimeoutSeconds, statementTimeoutSeconds }: Timeouts): MigrationLimits => ({
  lockTimeoutMs: lockTimeoutSeconds * 1_000,
  statementTimeoutMs: statementTimeoutSeconds * 1_000,
})

/** Milliseconds after which the statement of a dead client has ended at the latest: by its own timeouts. */
export const settleTimeoutMs = ({ lockTimeoutSeconds, statementTimeoutSeconds }: Timeouts): number =>
  (lockTimeoutSeconds + statementTimeoutSeconds) * 1_000
