import { assign, type EventObject } from 'xstate'
import { z } from 'zod'
import { namesSeveral } from '../src/domain/host-names.ts'
import {
  allFacts,
  type ChartContext,
  chart,
  effectState,
  type Facts,
  gated,
  stopState,
  success,
  work,
} from '../src/machine/chart.ts'
import { closed, type MachineDefinition } from '../src/machine/define.ts'

/**
 * Deploy: an artifact is installed on a host over SSH, next to the earlier version. Milestones have the names of the stages that they
 * pass: G0 environment, G1 source, G2 artifact, G3 preflight and plan, the gate SG1, G4 promote, G5 checks, G6 rehearsal, G7 integrity,
 * G8 report. Build, checks and rehearsal run in the new folder before anything leads to it; then come switch, activation and health.
 * Before SG1 a stage that fails is blocked: the host is surveyed again, every part of the report shows the block, and the run
 * stops. After SG1 a stage that fails leads to the rollback.
 *
 * With several hosts the phases before SG1 work on each of them, and one plan lists them all. After SG1 the run goes through the phases of one
 * host after the other. A host whose stage fails is taken back alone; then the run goes to the next one, or halts.
 */

const deployInput = z.object({
  source: z.string().min(1).describe('git repository, or a folder inside of one'),
  commit: z.string().min(1).describe('commit, tag or branch to deploy'),
  host: z
    .string()
    .regex(/^[^\s@/]+$/, 'must be a host name alone; set the user in ~/.ssh/config')
    .describe(
      'name of a host in cutter.yaml, or an alias of ~/.ssh/config; several with commas between them, which the run deploys to one after the other',
    ),
  path: z
    .string()
    .min(1)
    .describe(
      'absolute path on the host: it may not exist, but for the strategy release it must be a folder, and for replace an earlier deploy',
    ),
  strategy: z
    .enum(['side-by-side', 'release', 'replace'])
    .default('side-by-side')
    .describe(
      'side-by-side, release: <path>/releases/<stamp>-<commit>, with <path>/current as a link to it, or replace: the earlier deploy at <path> moves to <path>-before-<run>',
    ),
  previous: z
    .string()
    .min(1)
    .optional()
    .describe('paths on the host that must stay unchanged, byte for byte, separated by commas'),
  checks: z.string().min(1).optional().describe('file of checks to run after the deploy'),
  onFailure: z
    .enum(['rollback', 'stop'])
    .default('rollback')
    .describe('what to do when a build, a check, the activation or the health check fails'),
  serial: z
    .string()
    .min(1)
    .optional()
    .describe('with several hosts: how many the run works on at a time; only 1 is possible'),
  canary: z
    .string()
    .min(1)
    .optional()
    .describe('with several hosts: the one that goes first; the others follow only once it is live'),
  maxFailures: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a number of hosts, such as 0')
    .optional()
    .describe('with several hosts: how many may fail before the run halts (0 where it is left out)'),
  confirmWithin: z
    .string()
    .regex(/^[1-9]\d{0,4}s?$/, 'must be seconds, such as 60s')
    .optional()
    .describe(
      'the host rolls back by itself unless it is reached again within this time after the switch, such as 60s',
    ),
})

/** Before SG1: a stage that fails is reported as blocked, with proof that the host is unchanged, and can be tried again. */
function blockable(name: string, next: string) {
  const { initial, states } = work(name, next, { onError: 'reporting' })
  const gap = ({ context }: { context: ChartContext }) => context.stop?.message ?? ''
  const reporting = {
    invoke: {
      id: 'blocked_report',
      src: 'blocked_report',
      input: (given: { context: ChartContext }): Facts => ({ ...allFacts(given), gap: gap(given) }),
      onDone: { target: 'stopped', actions: 'learn' },
      onError: 'stopped',
    },
  }
  return { initial, states: { ...states, reporting } }
}

const noteCancel = assign<ChartContext, { type: string; reason?: string }, undefined, EventObject, never>(
  ({ context, event }) => {
    const failure = `cancelled: ${event.reason ?? 'no reason given'}`
    return { stop: null, approvalId: null, facts: { ...context.facts, failure } }
  },
)

/** Cancelled after SG1: the run first removes what it made. */
const on = { CANCEL: { target: '#ROLLING_BACK', actions: noteCancel } }

type Done = { context: ChartContext; event: { output: Facts } }

/** Whether the input names several hosts. */
const isSeveral = ({ context }: { context: ChartContext }) => namesSeveral(context.input.host)

/** After the transfer: a stage that fails leads to the rollback. Of several hosts only the one at work is taken back. */
const hasFailed = ({ event }: Done) => event.output.passed === false
const failed = [
  {
    guard: (at: Done) => hasFailed(at) && isSeveral(at),
    target: '#HOST_FAILED',
    actions: 'learn',
  },
  { guard: hasFailed, target: '#ROLLING_BACK', actions: ['learn', 'dropApproval'] },
]
const proven = (name: string, next: string) => ({ ...work(name, next, { unless: failed }), on })

/** The gate of a deploy. With several hosts the approved run first locks all of them. */
function gatedDeploy() {
  const gate = gated('SG1', {
    recheck: 'recheck_deploy',
    authorized: { ...work('transfer_promote', 'TRANSFERRED'), on },
  })
  const { checking } = gate.states
  const severalSame = {
    guard: ({ context, event }: Done) =>
      isSeveral({ context }) && event.output.planDigest === context.planDigest,
    target: '#HOSTS_AUTHORIZED',
    actions: 'learn',
  }
  const invoke = { ...checking.invoke, onDone: [severalSame, ...checking.invoke.onDone] }
  return { ...gate, states: { ...gate.states, checking: { ...checking, invoke } } }
}

/** Several hosts, one after the other: each goes the way from its transfer to its end, and halts there where too many have failed. */
const severalHosts = {
  HOSTS_AUTHORIZED: { ...work('lock_hosts', 'NEXT_HOST'), on },
  NEXT_HOST: {
    ...work('next_host', 'HOST_CHOSEN', {
      unless: [
        {
          guard: ({ event }: Done) => event.output.left === false,
          target: '#G7_INTEGRITY',
          actions: 'learn',
        },
      ],
      onError: '#HALTED',
    }),
    on,
  },
  HOST_CHOSEN: { ...work('transfer_promote', 'TRANSFERRED'), on },
  HOST_FAILED: { ...work('back_host', 'NEXT_HOST'), on },
  // The operator chooses: a resume tries the failed hosts again, and a cancellation takes all hosts back.
  HALTED: {
    initial: 'stopped',
    states: { working: effectState('retry_hosts', '#NEXT_HOST'), stopped: stopState() },
    on,
  },
}

const deployLogic = chart(
  {
    PENDING: blockable('environment', 'G0_ENVIRONMENT'),
    G0_ENVIRONMENT: blockable('source', 'G1_SOURCE'),
    G1_SOURCE: blockable('artifact', 'G2_ARTIFACT'),
    G2_ARTIFACT: blockable('preflight', 'G3_PREFLIGHT'),
    // Cancelled during its rehearsal: the run first removes what the rehearsal left.
    G3_PREFLIGHT: {
      ...blockable('rehearse_rollback', 'G3_ROLLBACK_REHEARSAL'),
      on: { CANCEL: { target: '#CLEARING_REHEARSAL', actions: 'clearStop' } },
    },
    G3_ROLLBACK_REHEARSAL: blockable('plan_lock', 'G3_PLAN_LOCKED'),
    G3_PLAN_LOCKED: { after: { 0: 'AWAITING_DEPLOY_AUTHORIZATION' } },
    // The following phases run under the same approval, up to the end or the rollback.
    AWAITING_DEPLOY_AUTHORIZATION: gatedDeploy(),
    ...severalHosts,
    TRANSFERRED: proven('build', 'BUILT'),
    BUILT: proven('prepare', 'G4_PROMOTED'),
    G4_PROMOTED: proven('post_checks', 'G5_CHECKED'),
    G5_CHECKED: proven('rehearse', 'G6_REHEARSED'),
    G6_REHEARSED: proven('switch_release', 'SWITCHED'),
    SWITCHED: proven('activate', 'ACTIVATED'),
    ACTIVATED: proven('health', 'RUNTIME_PREPARED'),
    RUNTIME_PREPARED: proven('integrity', 'PROVEN'),
    PROVEN: {
      ...work('finish', 'G7_INTEGRITY', {
        unless: [...failed, { guard: isSeveral, target: '#NEXT_HOST', actions: 'learn' }],
      }),
      on,
    },
    // Only for runs that a release up to 0.2.0 left in its phase after the rehearsal.
    SKELETON_LEFT: proven('runtime_skeleton', 'RUNTIME_PREPARED'),
    G7_INTEGRITY: { ...work('closeout', 'G8_REPORTED'), on },
    G8_REPORTED: { after: { 0: 'CLOSEOUT_REPORTED' }, on },
    CLOSEOUT_REPORTED: success,
    CLEARING_REHEARSAL: work('clear_rehearsal', 'CANCELLED'),
    ROLLING_BACK: {
      ...work('rollback', 'ROLLED_BACK', {
        // One host with each step.
        unless: [
          {
            guard: ({ event }: Done) => Number(event.output.left) > 0,
            target: '#BACK_ON_HOST',
            actions: 'learn',
          },
        ],
      }),
      on: { CANCEL: undefined },
    },
    BACK_ON_HOST: { after: { 0: 'ROLLING_BACK' }, on: { CANCEL: undefined } },
    ROLLED_BACK: { type: 'final', meta: closed('rolled-back', { isMilestone: true }) },
  },
  { grows: ['gates'] },
)

export const deploy: MachineDefinition = {
  name: 'deploy',
  version: '1',
  logic: deployLogic,
  input: deployInput,
  runIdPrefix: 'idep',
}
