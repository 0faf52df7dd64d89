import { assign, type EventObject } from 'xstate'
import { z } from 'zod'
import { allFacts, type ChartContext, chart, type Facts, gated, success, work } from '../src/machine/chart.ts'
import { closed, type MachineDefinition } from '../src/machine/define.ts'

/**
 * Deploy: an artifact goes side by side onto a host over SSH. Milestones carry the names of the gates that they pass: G0 environment, G1
 * source, G2 artifact, G3 preflight and plan, then people (SG1), G4 promote, G5 checks, G6 rehearsal, G7 integrity, G8 the report. Before
 * SG1 a gate that can't be passed is blocked: the host is looked at once more, the report says so in all its parts, and the run stops there.
 * After it, what fails is rolled back.
 */

export const deployInput = z.object({
  source: z.string().min(1).describe('git repository, or a folder inside of one'),
  commit: z.string().min(1).describe('commit, tag or branch to deploy'),
  host: z
    .string()
    .regex(/^[^\s@/]+$/, 'must be a name alone; whom to log in as stands in ~/.ssh/config')
    .describe('name of a host in cutter.yaml, or an alias of ~/.ssh/config'),
  path: z
    .string()
    .min(1)
    .describe('absolute path on the host; nothing may be there, but with release a folder must be'),
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
    .describe(
      'the host goes back by itself unless it is reached again in so many seconds after the promote, such as 60s',
    ),
})

/** Before SG1: a gate that can't be passed is reported as blocked, with proof that the host is as it was, and can be tried again. */
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

/** Cancelled after SG1: what this run made is taken back first. */
const on = { CANCEL: { target: '#ROLLING_BACK', actions: noteCancel } }

/** After the promote: what doesn't pass leads to the rollback. */
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
    // Cancelled in the midst of its rehearsal: what that left is cleared away first.
    G3_PREFLIGHT: {
      ...blockable('rehearse_rollback', 'G3_ROLLBACK_REHEARSAL'),
      on: { CANCEL: { target: '#CLEARING_REHEARSAL', actions: 'clearStop' } },
    },
    G3_ROLLBACK_REHEARSAL: blockable('plan_lock', 'G3_PLAN_LOCKED'),
    G3_PLAN_LOCKED: { after: { 0: 'AWAITING_DEPLOY_AUTHORIZATION' } },
    // What follows is done under the same approval, up to the end or the way back.
    AWAITING_DEPLOY_AUTHORIZATION: gated('SG1', {
      recheck: 'recheck_deploy',
      authorized: { ...work('transfer_promote', 'G4_PROMOTED'), on },
    }),
    G4_PROMOTED: proven('post_checks', 'G5_CHECKED'),
    G5_CHECKED: proven('rehearse', 'G6_REHEARSED'),
    G6_REHEARSED: proven('runtime_skeleton', 'RUNTIME_PREPARED'),
    RUNTIME_PREPARED: proven('integrity', 'G7_INTEGRITY'),
    G7_INTEGRITY: { ...work('closeout', 'G8_REPORTED'), on },
    G8_REPORTED: { after: { 0: 'CLOSEOUT_REPORTED' }, on },
    CLOSEOUT_REPORTED: success,
    CLEARING_REHEARSAL: work('clear_rehearsal', 'CANCELLED'),
    ROLLING_BACK: { ...work('rollback', 'ROLLED_BACK'), on: { CANCEL: undefined } },
    ROLLED_BACK: { type: 'final', meta: closed('rolled-back') },
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
