import { assign, type EventObject } from 'xstate'
import { z } from 'zod'
import { allFacts, type ChartContext, chart, type Facts, gated, success, work } from '../src/machine/chart.ts'
import { closed, type MachineDefinition } from '../src/machine/define.ts'

/**
 * Deploy: an artifact is installed on a host over SSH, next to the earlier version. Milestones have the names of the stages that they
 * pass: G0 environment, G1 source, G2 artifact, G3 preflight and plan, the gate SG1, G4 promote, G5 checks, G6 rehearsal, G7 integrity,
 * G8 report. Build, checks and rehearsal run in the new folder before anything leads to it; then come switch, activation and health.
 * Before SG1 a stage that fails is blocked: the host is surveyed again, every part of the report shows the block, and the run
 * stops. After SG1 a stage that fails leads to the rollback.
 */

const deployInput = z.object({
  source: z.string().min(1).describe('git repository, or a folder inside of one'),
  commit: z.string().min(1).describe('commit, tag or branch to deploy'),
  host: z
    .string()
    .regex(/^[^\s@/]+$/, 'must be a host name alone; set the user in ~/.ssh/config')
    .describe('name of a host in cutter.yaml, or an alias of ~/.ssh/config'),
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

/** After the transfer: a stage that fails leads to the rollback. */
const failed = {
  guard: ({ event }: { event: { output: Facts } }) => event.output.passed === false,
  target: '#ROLLING_BACK',
  actions: ['learn', 'dropApproval'],
}
const proven = (name: string, next: string) => ({ ...work(name, next, { unless: [failed] }), on })

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
    AWAITING_DEPLOY_AUTHORIZATION: gated('SG1', {
      recheck: 'recheck_deploy',
      authorized: { ...work('transfer_promote', 'TRANSFERRED'), on },
    }),
    TRANSFERRED: proven('build', 'BUILT'),
    BUILT: proven('prepare', 'G4_PROMOTED'),
    G4_PROMOTED: proven('post_checks', 'G5_CHECKED'),
    G5_CHECKED: proven('rehearse', 'G6_REHEARSED'),
    G6_REHEARSED: proven('switch_release', 'SWITCHED'),
    SWITCHED: proven('activate', 'ACTIVATED'),
    ACTIVATED: proven('health', 'RUNTIME_PREPARED'),
    RUNTIME_PREPARED: proven('integrity', 'PROVEN'),
    PROVEN: proven('finish', 'G7_INTEGRITY'),
    // Only for runs that a release up to 0.2.0 left in its phase after the rehearsal.
    SKELETON_LEFT: proven('runtime_skeleton', 'RUNTIME_PREPARED'),
    G7_INTEGRITY: { ...work('closeout', 'G8_REPORTED'), on },
    G8_REPORTED: { after: { 0: 'CLOSEOUT_REPORTED' }, on },
    CLOSEOUT_REPORTED: success,
    CLEARING_REHEARSAL: work('clear_rehearsal', 'CANCELLED'),
    ROLLING_BACK: { ...work('rollback', 'ROLLED_BACK'), on: { CANCEL: undefined } },
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
