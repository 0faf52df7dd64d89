import { z } from 'zod'
import { chart, type Facts, gated, phase, resumedAt, success, work } from '../src/machine/chart.ts'
import { closed, effect, type MachineDefinition } from '../src/machine/define.ts'

/**
 * Migrate: a frozen SQL file is applied to a production PostgreSQL. Backed up, the backup restored, rehearsed on what was
 * restored, approved (SG1), applied in one transaction, verified, backed up again. A migration that is committed and does not
 * verify goes to a second gate (SG2), where its rollback is decided; before the commit nothing needs deciding: it rolls back.
 */

export const migrateInput = z.object({
  bundle: z.string().min(1).describe('folder that holds bundle.yaml; see: cutter migrate new'),
  target: z.string().min(1).default('embedded').describe('database to migrate, by its name in cutter.yaml'),
})

const milestones = chart({
  PENDING: work('bundle_pin', 'BUNDLE_PINNED'),
  BUNDLE_PINNED: work('server_identify', 'SERVER_IDENTIFIED'),
  SERVER_IDENTIFIED: work('backup', 'BACKUP_TAKEN'),
  BACKUP_TAKEN: work('restore_test', 'BACKUP_RESTORED'),
  BACKUP_RESTORED: work('rehearse', 'REHEARSED'),
  REHEARSED: work('preflight', 'PREFLIGHT_PASSED'),
  PREFLIGHT_PASSED: { after: { 0: '#AWAITING_MIGRATION_AUTHORIZATION' } },
  // The last check looks at bundle, server, preflight and schema again. Another schema leads back to the gate with another plan.
  AWAITING_MIGRATION_AUTHORIZATION: gated('SG1', {
    recheck: 'recheck_migration',
    authorized: {
      initial: 'refreshing',
      states: {
        refreshing: phase('refresh_backup', { target: 'applying', actions: 'learn' }),
        applying: phase('apply_migration', {
          target: '#MIGRATION_APPLIED',
          actions: ['learn', 'dropApproval'],
        }),
        // By way of the backup again: the one at hand may have grown too old meanwhile.
        stopped: resumedAt('refreshing'),
      },
    },
  }),
  MIGRATION_APPLIED: {
    initial: 'working',
    states: {
      working: phase('statements_alone', { target: 'verifying', actions: 'learn' }),
      stopped: resumedAt('working'),
      verifying: phase(
        'verify_migration',
        [
          { guard: 'verified', target: '#MIGRATION_VERIFIED', actions: 'learn' },
          { target: '#AWAITING_ROLLBACK_AUTHORIZATION', actions: 'learn' },
        ],
        'notVerified',
      ),
      notVerified: resumedAt('verifying'),
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
  // No milestone: the run keeps the name of the one that it had reached.
  ROLLED_BACK: { type: 'final', meta: closed('rolled-back') },
})

const phases = [
  ...['bundle_pin', 'server_identify', 'backup', 'restore_test', 'rehearse', 'preflight'],
  ...['recheck_migration', 'refresh_backup', 'apply_migration', 'statements_alone', 'verify_migration'],
  ...['second_backup', 'recheck_rollback', 'roll_back', 'closeout'],
]

export const migrate: MachineDefinition = {
  name: 'migrate',
  version: '1',
  logic: milestones.provide({
    actors: Object.fromEntries(phases.map((name) => [name, effect()])),
    guards: {
      verified: ({ event }: { event: unknown }) => (event as { output: Facts }).output.verified === true,
    },
  }),
  input: migrateInput,
  runIdPrefix: 'mig',
}
