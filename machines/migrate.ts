import { z } from 'zod'
import { chart, effectState, type Facts, gated, stopState, success, work } from '../src/machine/chart.ts'
import { closed, type MachineDefinition } from '../src/machine/define.ts'

/**
 * Migrate: a frozen SQL file is applied to a production PostgreSQL. Backed up, the backup restored, rehearsed on what was
 * restored, approved (SG1), applied in one transaction, verified, backed up again. A migration that is committed and does not
 * verify goes to a second gate (SG2), where its rollback is decided; before the commit nothing needs deciding: it rolls back.
 */

export const migrateInput = z.object({
  bundle: z.string().min(1).describe('folder that holds bundle.yaml; see: cutter migrate new'),
  target: z.string().min(1).default('embedded').describe('database to migrate, by its name in cutter.yaml'),
})

/** Under the approval: a backup young enough, then the migration itself. */
const applied = {
  initial: 'refreshing',
  states: {
    refreshing: effectState('refresh_backup', 'applying'),
    applying: effectState('apply_migration', '#MIGRATION_APPLIED', {
      drops: true,
    }),
    // By way of the backup again: the one at hand may have grown too old meanwhile.
    stopped: stopState('refreshing'),
  },
}

const unverified = {
  guard: ({ event }: { event: { output: Facts } }) => event.output.verified === false,
  target: '#AWAITING_ROLLBACK_AUTHORIZATION',
  actions: 'learn',
}

export const migrateLogic = chart(
  {
    PENDING: work('bundle_pin', 'BUNDLE_PINNED'),
    BUNDLE_PINNED: work('server_identify', 'SERVER_IDENTIFIED'),
    SERVER_IDENTIFIED: work('backup', 'BACKUP_TAKEN'),
    BACKUP_TAKEN: work('restore_test', 'BACKUP_RESTORED'),
    BACKUP_RESTORED: work('rehearse', 'REHEARSED'),
    REHEARSED: work('preflight', 'PREFLIGHT_PASSED'),
    PREFLIGHT_PASSED: { after: { 0: 'AWAITING_MIGRATION_AUTHORIZATION' } },
    AWAITING_MIGRATION_AUTHORIZATION: gated('SG1', {
      recheck: 'recheck_migration',
      authorized: applied,
    }),
    MIGRATION_APPLIED: {
      initial: 'working',
      states: {
        working: effectState('statements_alone', 'verifying'),
        stopped: stopState(),
        verifying: effectState('verify_migration', '#MIGRATION_VERIFIED', {
          unless: [unverified],
          onError: 'notVerified',
        }),
        notVerified: stopState('verifying'),
      },
    },
    MIGRATION_VERIFIED: work('second_backup', 'SECOND_BACKUP_RESTORED'),
    SECOND_BACKUP_RESTORED: work('closeout', 'CLOSEOUT_REPORTED'),
    CLOSEOUT_REPORTED: success,
    // Forward compensation: the migration is committed and did not verify.
    AWAITING_ROLLBACK_AUTHORIZATION: gated('SG2', {
      recheck: 'recheck_rollback',
      work: 'roll_back',
      next: 'MIGRATION_ROLLED_BACK',
    }),
    MIGRATION_ROLLED_BACK: work('closeout', 'ROLLED_BACK'),
    ROLLED_BACK: { type: 'final', meta: closed('rolled-back') },
  },
  { id: 'migrate' },
)

export const migrate: MachineDefinition = {
  name: 'migrate',
  version: '1',
  logic: migrateLogic,
  input: migrateInput,
  runIdPrefix: 'mig',
}
