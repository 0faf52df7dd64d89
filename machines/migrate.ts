import { assign, setup } from 'xstate'
import { z } from 'zod'
import type { StopFacts } from '../src/domain/errors.ts'
import type { Json } from '../src/domain/json.ts'
import type { Mode } from '../src/domain/run.ts'
import {
  closed,
  type DecisionEvent,
  effect,
  gate,
  type MachineDefinition,
  type MachineInput,
  type RunContext,
  rechecks,
  stopped,
} from '../src/machine/define.ts'

/**
 * Migrate: a frozen SQL file is applied to a production PostgreSQL. Backed up, the backup restored, rehearsed on what was
 * restored, approved (SG1), applied in one transaction, verified, backed up again. A migration that is committed and does not
 * verify goes to a second gate (SG2), where its rollback is decided; before the commit nothing needs deciding: it rolls back.
 */

export const migrateInput = z.object({
  bundle: z.string().min(1).describe('folder that holds bundle.yaml; see: cutter migrate new'),
  target: z.string().min(1).default('embedded').describe('database to migrate, by its name in cutter.yaml'),
})

type Facts = { [key: string]: Json }

interface MigrateContext extends RunContext {
  input: z.infer<typeof migrateInput>
  mode: Mode
  facts: Facts
}

type MigrateEvent = DecisionEvent | { type: 'RETRY' } | { type: 'CANCEL'; reason: string }

const phase = () => effect<Facts, Facts>()

const phases = {
  bundle_pin: phase(),
  server_identify: phase(),
  backup: phase(),
  restore_test: phase(),
  rehearse: phase(),
  preflight: phase(),
  recheck_migration: phase(),
  refresh_backup: phase(),
  apply_migration: phase(),
  statements_alone: phase(),
  verify_migration: phase(),
  second_backup: phase(),
  recheck_rollback: phase(),
  roll_back: phase(),
  closeout: phase(),
}

const outputOf = (event: unknown) => (event as { output: Facts }).output
const errorOf = (event: unknown) => (event as { error: StopFacts }).error

const migrateSetup = setup({
  types: {
    context: {} as MigrateContext,
    events: {} as MigrateEvent,
    input: {} as MachineInput<z.infer<typeof migrateInput>>,
  },
  actors: phases,
  actions: {
    learn: assign(({ context, event }) => learned(context, outputOf(event))),
    stop: assign({ stop: ({ event }) => errorOf(event) }),
    clearStop: assign({ stop: null }),
    takeApproval: assign({ approvalId: ({ event }) => (event as DecisionEvent).approvalId }),
    dropApproval: assign({ approvalId: null }),
    noteRecheck: assign(({ context, event }) => {
      const { code, message } = errorOf(event)
      return { approvalId: null, output: { ...context.output, recheck: { code, message } } }
    }),
  },
  guards: {
    samePlan: ({ context, event }) => outputOf(event).planDigest === context.planDigest,
    verified: ({ event }) => outputOf(event).verified === true,
  },
})

/** Facts are kept for later phases; `planDigest` and `report` go where the engine and `run show` look for them. */
function learned(
  context: MigrateContext,
  { report = {}, planDigest = context.planDigest, ...facts }: Facts,
): Partial<MigrateContext> {
  return {
    facts: { ...context.facts, ...facts },
    planDigest: planDigest as string | null,
    output: { ...context.output, ...(report as Facts) },
  }
}

const given =
  (...names: string[]) =>
  ({ context }: { context: MigrateContext }): Facts => {
    const known: Facts = { ...(context.input as Facts), ...context.facts, planDigest: context.planDigest }
    return Object.fromEntries(
      names.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]]])),
    )
  }

const PINNED = ['target', 'bundleDigest', 'identityDigest'] as const
const RESTORE = [...PINNED, 'profileDigest', 'place', 'backupDigest', 'catalogueDigest'] as const
const CLOSEOUT = [
  ...PINNED,
  ...['catalogueDigest', 'backupDigest', 'rehearsalDigest', 'preflightDigest', 'verificationDigest'],
  ...['secondBackupDigest', 'rolledBack', 'copy'],
]

const stopping = (target = 'stopped') => ({ target, actions: 'stop' }) as const
const retrying = (target = 'working') =>
  ({ meta: stopped, on: { RETRY: { target, actions: 'clearStop' } } }) as const

/** A milestone's work: the phase that leads to the next one, or a stop from which it is taken up again. */
const work = <Name extends keyof typeof phases>(src: Name, input: ReturnType<typeof given>, next: string) =>
  ({
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: src,
          src,
          input,
          onDone: { target: `#migrate.${next}`, actions: 'learn' },
          onError: stopping(),
        },
      },
      stopped: retrying(),
    },
  }) as const

const waitsFor = (name: string) =>
  ({
    meta: gate(name),
    on: {
      APPROVE: { target: 'checking', actions: 'takeApproval' },
      REJECT: { target: '#migrate.REJECTED', actions: 'takeApproval' },
      VOID: { target: '#migrate.VOIDED', actions: 'takeApproval' },
    },
  }) as const

export const migrateLogic = migrateSetup.createMachine({
  id: 'migrate',
  context: ({ input }) => ({
    input: input?.input,
    mode: input?.mode,
    facts: {},
    output: {},
    planDigest: null,
    stop: null,
    approvalId: null,
  }),
  initial: 'PENDING',
  on: { CANCEL: { target: '.CANCELLED' } },
  states: {
    PENDING: work('bundle_pin', given('bundle'), 'BUNDLE_PINNED'),
    BUNDLE_PINNED: work('server_identify', given('target', 'bundleDigest'), 'SERVER_IDENTIFIED'),
    SERVER_IDENTIFIED: work('backup', given(...PINNED), 'BACKUP_TAKEN'),
    BACKUP_TAKEN: work('restore_test', given(...RESTORE), 'BACKUP_RESTORED'),
    BACKUP_RESTORED: work('rehearse', given(...RESTORE, 'copy'), 'REHEARSED'),
    REHEARSED: work(
      'preflight',
      given(...PINNED, 'catalogueDigest', 'rehearsalDigest', 'lintDigest'),
      'PREFLIGHT_PASSED',
    ),
    PREFLIGHT_PASSED: { after: { 0: 'AWAITING_MIGRATION_AUTHORIZATION' } },
    AWAITING_MIGRATION_AUTHORIZATION: {
      initial: 'waiting',
      states: {
        waiting: waitsFor('SG1'),
        // The last check: bundle, server, preflight and schema again. Another schema leads back to the gate with another plan.
        checking: {
          meta: rechecks('SG1'),
          invoke: {
            id: 'recheck_migration',
            src: 'recheck_migration',
            input: given('bundle', ...RESTORE, 'planDigest', 'lintDigest', 'rehearsalDigest'),
            onDone: [
              {
                guard: 'samePlan',
                target: '#migrate.AWAITING_MIGRATION_AUTHORIZATION.authorized',
                actions: 'learn',
              },
              { target: 'waiting', actions: ['learn', 'dropApproval'] },
            ],
            onError: { target: 'waiting', actions: 'noteRecheck' },
          },
        },
        authorized: {
          initial: 'refreshing',
          states: {
            refreshing: {
              invoke: {
                id: 'refresh_backup',
                src: 'refresh_backup',
                input: given(...RESTORE),
                onDone: { target: 'applying', actions: 'learn' },
                onError: stopping(),
              },
            },
            applying: {
              invoke: {
                id: 'apply_migration',
                src: 'apply_migration',
                input: given(...PINNED, 'backupDigest', 'catalogueDigest', 'rehearsalDigest'),
                onDone: { target: '#migrate.MIGRATION_APPLIED', actions: ['learn', 'dropApproval'] },
                onError: stopping(),
              },
            },
            // By way of the backup again: the one at hand may have grown too old meanwhile.
            stopped: retrying('refreshing'),
          },
        },
      },
    },
    MIGRATION_APPLIED: {
      initial: 'working',
      states: {
        working: {
          invoke: {
            id: 'statements_alone',
            src: 'statements_alone',
            input: given('target', 'bundleDigest', 'rehearsalDigest'),
            onDone: { target: 'verifying', actions: 'learn' },
            onError: stopping(),
          },
        },
        stopped: retrying(),
        verifying: {
          invoke: {
            id: 'verify_migration',
            src: 'verify_migration',
            input: given(...PINNED, 'catalogueDigest', 'rehearsalDigest', 'copy', 'aloneFailed'),
            onDone: [
              { guard: 'verified', target: '#migrate.MIGRATION_VERIFIED', actions: 'learn' },
              { target: '#migrate.AWAITING_ROLLBACK_AUTHORIZATION', actions: 'learn' },
            ],
            onError: stopping('notVerified'),
          },
        },
        notVerified: retrying('verifying'),
      },
    },
    MIGRATION_VERIFIED: work(
      'second_backup',
      given(...PINNED, 'profileDigest', 'place', 'copy'),
      'SECOND_BACKUP_RESTORED',
    ),
    SECOND_BACKUP_RESTORED: work('closeout', given(...CLOSEOUT), 'CLOSEOUT_REPORTED'),
    CLOSEOUT_REPORTED: { type: 'final', meta: closed('succeeded') },
    // Forward compensation: the migration is committed and did not verify.
    AWAITING_ROLLBACK_AUTHORIZATION: {
      initial: 'waiting',
      states: {
        waiting: waitsFor('SG2'),
        checking: {
          meta: rechecks('SG2'),
          invoke: {
            id: 'recheck_rollback',
            src: 'recheck_rollback',
            input: given(...PINNED, 'planDigest', 'rehearsalDigest', 'committedDigest', 'copy'),
            onDone: [
              {
                guard: 'samePlan',
                target: '#migrate.AWAITING_ROLLBACK_AUTHORIZATION.authorized',
                actions: 'learn',
              },
              { target: 'waiting', actions: ['learn', 'dropApproval'] },
            ],
            onError: { target: 'waiting', actions: 'noteRecheck' },
          },
        },
        authorized: work(
          'roll_back',
          given(...PINNED, 'catalogueDigest', 'rehearsalDigest', 'committedDigest', 'copy'),
          'MIGRATION_ROLLED_BACK',
        ),
      },
    },
    MIGRATION_ROLLED_BACK: work('closeout', given(...CLOSEOUT), 'ROLLED_BACK'),
    // Ends that are no milestones: the run keeps the name of the one that it had reached.
    ROLLED_BACK: { type: 'final', meta: closed('rolled-back') },
    REJECTED: { type: 'final', meta: closed('rejected') },
    VOIDED: { type: 'final', meta: closed('voided') },
    CANCELLED: { type: 'final', meta: closed('cancelled') },
  },
})

export const migrate: MachineDefinition = {
  name: 'migrate',
  version: '1',
  logic: migrateLogic,
  input: migrateInput,
  runIdPrefix: 'mig',
}
