import { z } from 'zod'
import { chart, effectState, type Facts, gated, stopState, success, work } from '../src/machine/chart.ts'
import { closed, type MachineDefinition } from '../src/machine/define.ts'

/**
 * Migrate: applies a frozen SQL file to a production PostgreSQL. The run takes a backup, restores it into a rehearsal database and
 * rehearses there. After the approval (SG1) it applies the script in one transaction, verifies it and takes a second backup. A
 * migration that is committed and does not verify reaches gate SG2, where people decide on its rollback. Before the commit every
 * failure rolls back.
 */

const migrateInput = z.object({
  bundle: z.string().min(1).describe('folder that holds bundle.yaml; see: cutter migrate new'),
  target: z.string().min(1).default('embedded').describe('database to migrate, by its name in cutter.yaml'),
})

/** After the approval: a backup that is recent enough, then the migration itself. */
const applied = {
  initial: 'refreshing',
  states: {
    refreshing: effectState('refresh_backup', 'applying', {
      unless: [
        {
          guard: ({ context }: { context: { facts: Facts } }) => context.facts.beginsOutside === true,
          target: 'beginning',
          actions: 'learn',
        },
      ],
    }),
    // What a script has before its first transaction.
    beginning: effectState('statements_before', 'applying'),
    applying: effectState('apply_migration', '#MIGRATION_APPLIED', {
      drops: true,
    }),
    // A resumed run checks the backup again, because it may be too old by now.
    stopped: stopState('refreshing'),
  },
}

const unverified = {
  guard: ({ event }: { event: { output: Facts } }) => event.output.verified === false,
  target: '#AWAITING_ROLLBACK_AUTHORIZATION',
  actions: 'learn',
}

const migrateLogic = chart(
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
    // Compensation after the commit: the migration did not verify.
    AWAITING_ROLLBACK_AUTHORIZATION: gated('SG2', {
      recheck: 'recheck_rollback',
      work: 'roll_back',
      next: 'MIGRATION_ROLLED_BACK',
    }),
    MIGRATION_ROLLED_BACK: work('closeout', 'ROLLED_BACK'),
    ROLLED_BACK: { type: 'final', meta: closed('rolled-back', { isMilestone: true }) },
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
