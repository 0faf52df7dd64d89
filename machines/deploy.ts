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
 * Deploy: an artifact goes side by side onto a host over SSH. Milestones carry the names of the gates that they pass: G0 environment, G1
 * source, G2 artifact, G3 preflight and plan, then people (SG1), G4 promote, G5 checks, G6 rehearsal, G7 integrity, G8 the report. Before
 * SG1 a gate that can't be passed is blocked: the host is looked at once more, the report says so in all its parts, and the run stops there.
 * After it, what fails is rolled back.
 */

export const deployInput = z.object({
  source: z.string().min(1).describe('git repository, or a folder inside of one'),
  commit: z.string().min(1).describe('commit, tag or branch to deploy'),
  host: z.string().min(1).describe('name of a host in cutter.yaml, or an alias of ~/.ssh/config'),
  path: z.string().min(1).describe('absolute path on the host; nothing may be there'),
  strategy: z
    .enum(['side-by-side', 'release', 'replace'])
    .default('side-by-side')
    .describe(
      'side-by-side, or release: <path>/releases/<stamp>-<commit>, and <path>/current pointing to it',
    ),
  previous: z
    .string()
    .min(1)
    .optional()
    .describe('paths on the host that must stay as they are to the byte, with commas between them'),
  checks: z.string().min(1).optional().describe('file of checks to run after the deploy'),
  onFailure: z
    .enum(['rollback', 'stop'])
    .default('rollback')
    .describe('what follows when a check fails after the promote'),
  confirmWithin: z
    .string()
    .regex(/^[1-9]\d{0,4}s?$/, 'must be seconds, such as 60s')
    .optional()
    .describe('the host goes back by itself unless it is reached again in so many seconds after the promote'),
})

type DeployInput = z.infer<typeof deployInput>
type Facts = { [key: string]: Json }

interface DeployContext extends RunContext {
  input: DeployInput
  mode: Mode
  facts: Facts
}

type DeployEvent = DecisionEvent | { type: 'RETRY' } | { type: 'CANCEL'; reason: string }

const phase = () => effect<Facts, Facts>()

const phases = {
  environment: phase(),
  source: phase(),
  artifact: phase(),
  preflight: phase(),
  rehearse_rollback: phase(),
  plan_lock: phase(),
  recheck_deploy: phase(),
  transfer_promote: phase(),
  post_checks: phase(),
  rehearse: phase(),
  runtime_skeleton: phase(),
  integrity: phase(),
  rollback: phase(),
  blocked_report: phase(),
  closeout: phase(),
}

const outputOf = (event: unknown) => (event as { output: Facts }).output
const errorOf = (event: unknown) => (event as { error: StopFacts }).error

const deploySetup = setup({
  types: {
    context: {} as DeployContext,
    events: {} as DeployEvent,
    input: {} as MachineInput<DeployInput>,
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
    noteCancel: assign(({ context, event }) => {
      const failure = `cancelled: ${(event as { reason?: string }).reason ?? 'no reason given'}`
      return { stop: null, facts: { ...context.facts, failure } }
    }),
  },
  guards: {
    samePlan: ({ context, event }) => outputOf(event).planDigest === context.planDigest,
    failed: ({ event }) => outputOf(event).passed === false,
  },
})

/** Facts are kept for later phases; `planDigest` and `report` go where the engine and `run show` look for them. */
function learned(
  context: DeployContext,
  { report = {}, planDigest = context.planDigest, ...facts }: Facts,
): Partial<DeployContext> {
  const gates = { ...(context.output.gates as Facts), ...((report as Facts).gates as Facts) }
  return {
    facts: { ...context.facts, ...facts },
    planDigest: planDigest as string | null,
    output: { ...context.output, ...(report as Facts), gates },
  }
}

const given =
  (...names: string[]) =>
  ({ context }: { context: DeployContext }): Facts => {
    const { planDigest, output, stop } = context
    const gates = (output.gates ?? {}) as Facts
    const told = { planDigest, gates, gap: stop?.message ?? '' }
    const known: Facts = {
      failure: 'it was asked for',
      ...(context.input as Facts),
      ...told,
      ...context.facts,
    }
    return Object.fromEntries(
      names.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]]])),
    )
  }

type Phase = keyof typeof phases

const place = ['host', 'path', 'strategy', 'previous']
const planned = ['host', 'planDigest']
const retry = { RETRY: { target: 'working', actions: 'clearStop' } } as const

/** Before SG1: a gate that can't be passed is reported as blocked, with proof that the host is as it was, and can be tried again. */
const blockable = <Name extends Phase>(src: Name, names: string[], next: string) =>
  ({
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: src,
          src,
          input: given(...names),
          onDone: { target: `#deploy.${next}`, actions: 'learn' },
          onError: { target: 'reporting', actions: 'stop' },
        },
      },
      reporting: {
        invoke: {
          id: 'blocked_report',
          src: 'blocked_report',
          input: given(...place, 'anchorsFirstDigest', 'gates', 'gap'),
          onDone: { target: 'blocked', actions: 'learn' },
          onError: 'blocked',
        },
      },
      blocked: { meta: stopped, on: retry },
    },
  }) as const

/** Cancelled after SG1: what this run made is taken back first. */
const takeBack = {
  CANCEL: { target: '#deploy.ROLLING_BACK', actions: ['noteCancel', 'dropApproval'] },
} as const
const onError = { target: 'stopped', actions: 'stop' } as const
const canStop = { meta: stopped, on: retry } as const

const work = <Name extends Phase>(src: Name, names: string[], next: string) =>
  ({
    initial: 'working',
    on: takeBack,
    states: {
      working: {
        invoke: {
          id: src,
          src,
          input: given(...names),
          onDone: { target: `#deploy.${next}`, actions: 'learn' },
          onError,
        },
      },
      stopped: canStop,
    },
  }) as const

/** After the promote: what doesn't pass leads to the rollback. */
const proven = <Name extends Phase>(src: Name, names: string[], next: string) =>
  ({
    initial: 'working',
    on: takeBack,
    states: {
      working: {
        invoke: {
          id: src,
          src,
          input: given(...names),
          onDone: [
            { guard: 'failed', target: '#deploy.ROLLING_BACK', actions: ['learn', 'dropApproval'] },
            { target: `#deploy.${next}`, actions: 'learn' },
          ],
          onError,
        },
      },
      stopped: canStop,
    },
  }) as const

export const deployLogic = deploySetup.createMachine({
  id: 'deploy',
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
    PENDING: blockable('environment', place, 'G0_ENVIRONMENT'),
    G0_ENVIRONMENT: blockable('source', ['source', 'commit', 'checks'], 'G1_SOURCE'),
    G1_SOURCE: blockable('artifact', ['sourceDigest', 'checksDigest'], 'G2_ARTIFACT'),
    G2_ARTIFACT: blockable(
      'preflight',
      [...place, 'sourceDigest', 'checksDigest', 'artifactDigest'],
      'G3_PREFLIGHT',
    ),
    G3_PREFLIGHT: blockable('rehearse_rollback', ['host', 'surveyDigest'], 'G3_ROLLBACK_REHEARSAL'),
    G3_ROLLBACK_REHEARSAL: blockable(
      'plan_lock',
      [
        'sourceDigest',
        'checksDigest',
        'artifactDigest',
        'surveyDigest',
        'onFailure',
        'confirmWithin',
        'rollbackRehearsed',
      ],
      'G3_PLAN_LOCKED',
    ),
    G3_PLAN_LOCKED: { after: { 0: 'AWAITING_DEPLOY_AUTHORIZATION' } },
    AWAITING_DEPLOY_AUTHORIZATION: {
      initial: 'waiting',
      states: {
        waiting: {
          meta: gate('SG1'),
          on: {
            APPROVE: { target: 'checking', actions: 'takeApproval' },
            REJECT: { target: '#deploy.REJECTED', actions: 'takeApproval' },
            VOID: { target: '#deploy.VOIDED', actions: 'takeApproval' },
          },
        },
        // The last check: source and host, looked at and planned again. Drift leads back to the gate with the new plan.
        checking: {
          meta: rechecks('SG1'),
          invoke: {
            id: 'recheck_deploy',
            src: 'recheck_deploy',
            input: given(
              ...place,
              'source',
              'commit',
              'checks',
              'onFailure',
              'confirmWithin',
              'planDigest',
              'rollbackRehearsed',
            ),
            onDone: [
              {
                guard: 'samePlan',
                target: '#deploy.AWAITING_DEPLOY_AUTHORIZATION.authorized',
                actions: 'learn',
              },
              { target: 'waiting', actions: ['learn', 'dropApproval'] },
            ],
            onError: { target: 'waiting', actions: 'noteRecheck' },
          },
        },
        authorized: work('transfer_promote', [...planned, 'sourceDigest'], 'G4_PROMOTED'),
      },
    },
    G4_PROMOTED: proven('post_checks', planned, 'G5_CHECKED'),
    G5_CHECKED: proven('rehearse', planned, 'G6_REHEARSED'),
    G6_REHEARSED: proven('runtime_skeleton', planned, 'RUNTIME_PREPARED'),
    RUNTIME_PREPARED: proven('integrity', [...planned, 'surveyDigest'], 'G7_INTEGRITY'),
    G7_INTEGRITY: work('closeout', ['gates', 'planDigest'], 'CLOSEOUT_REPORTED'),
    CLOSEOUT_REPORTED: { type: 'final', meta: closed('succeeded') },
    ROLLING_BACK: {
      initial: 'working',
      on: { CANCEL: undefined },
      states: {
        working: {
          invoke: {
            id: 'rollback',
            src: 'rollback',
            input: given(...planned, 'surveyDigest', 'gates', 'failure'),
            onDone: { target: '#deploy.ROLLED_BACK', actions: 'learn' },
            onError,
          },
        },
        stopped: canStop,
      },
    },
    // Ends that are no milestones: the run keeps the name of the one that it had reached.
    ROLLED_BACK: { type: 'final', meta: closed('rolled-back') },
    REJECTED: { type: 'final', meta: closed('rejected') },
    VOIDED: { type: 'final', meta: closed('voided') },
    CANCELLED: { type: 'final', meta: closed('cancelled') },
  },
})

export const deploy: MachineDefinition = {
  name: 'deploy',
  version: '1',
  logic: deployLogic,
  input: deployInput,
  runIdPrefix: 'idep',
}
