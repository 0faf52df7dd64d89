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
 * Cut: a governing document becomes addressable, versioned units in PostgreSQL, first as drafts (SG1), enacted after a
 * second approval (SG2). Fourteen milestones, eleven phases; a phase is the effect that leads from one milestone to the
 * next. Two edges have no phase: they only arrive at a gate, by a timer of no delay, so that each is a step of its own.
 */

export const cutInput = z.object({
  document: z.string().min(1).describe('id of the document, e.g. ICX-CONST'),
  source: z
    .string()
    .min(1)
    .optional()
    .describe('file that holds the document; left out: as registered in cutter.yaml'),
  profile: z.string().min(1).optional().describe('how the document is written; left out: detected'),
  accept: z
    .string()
    .min(1)
    .optional()
    .describe('codes of problems to accept, with commas between; cutter document scan lists them'),
  target: z.string().min(1).default('embedded').describe('database to cut into, by its name in cutter.yaml'),
})

type CutInput = z.infer<typeof cutInput>
type Facts = { [key: string]: Json }

/** What the phases found so far; each phase is given what it names. */
interface CutContext extends RunContext {
  input: CutInput
  mode: Mode
  facts: Facts
}

type CutEvent = DecisionEvent | { type: 'RETRY' } | { type: 'CANCEL'; reason: string }

/** Every effect of this machine: facts in, facts out. The effect's own schemas say which. */
const phase = () => effect<Facts, Facts>()

const phases = {
  source_pin: phase(),
  mark: phase(),
  cutplan: phase(),
  pre_write_backup: phase(),
  grant_probe: phase(),
  recheck_cut: phase(),
  cut_leg_a: phase(),
  structural_verify: phase(),
  leg_b_record: phase(),
  write_verify: phase(),
  recheck_lifecycle: phase(),
  lifecycle_enact: phase(),
  closeout: phase(),
}

const cutSetup = setup({
  types: {
    context: {} as CutContext,
    events: {} as CutEvent,
    input: {} as MachineInput<CutInput>,
  },
  actors: phases,
  actions: {
    learn: assign(({ context, event }) => learned(context, (event as unknown as { output: Facts }).output)),
    stop: assign({ stop: ({ event }) => (event as unknown as { error: StopFacts }).error }),
    clearStop: assign({ stop: null }),
    takeApproval: assign({ approvalId: ({ event }) => (event as DecisionEvent).approvalId }),
    dropApproval: assign({ approvalId: null }),
    noteRecheck: assign(({ context, event }) => {
      const { code, message, next, data } = (event as unknown as { error: StopFacts }).error
      const differences = data?.differences
      const recheck = {
        ...{ code, message },
        ...(next === undefined ? {} : { next }),
        ...(differences === undefined ? {} : { differences }),
      }
      return { approvalId: null, output: { ...context.output, recheck } }
    }),
  },
  guards: {
    samePlan: ({ context, event }) =>
      (event as unknown as { output: Facts }).output.planDigest === context.planDigest,
  },
})

/** Facts are kept for later phases; `planDigest` and `report` go where the engine and `run show` look for them. */
function learned(
  context: CutContext,
  { report = {}, planDigest = context.planDigest, ...facts }: Facts,
): Partial<CutContext> {
  return {
    facts: { ...context.facts, ...facts },
    planDigest: planDigest as string | null,
    output: { ...context.output, ...(report as Facts) },
  }
}

const given =
  (...names: string[]) =>
  ({ context }: { context: CutContext }): Facts => {
    const { input, facts, planDigest } = context
    const known: Facts = {}
    for (const name of names) {
      const fact = name === 'planDigest' ? planDigest : (facts[name] ?? (input as Facts)[name])
      if (fact !== undefined) known[name] = fact
    }
    return known
  }

type Given = ReturnType<typeof given>

const onError = { target: 'stopped', actions: 'stop' } as const
const stoppedState = { meta: stopped, on: { RETRY: { target: 'working', actions: 'clearStop' } } } as const
type Phase = Exclude<keyof typeof phases, `recheck_${string}`>

/** A milestone's work: the phase that leads to the next one, or a stop from which it is taken up again. */
const work = <Name extends Phase>(
  src: Name,
  input: Given,
  next: string,
  actions: 'learn' | ['learn', 'dropApproval'] = 'learn',
) =>
  ({
    initial: 'working',
    states: {
      working: { invoke: { id: src, src, input, onDone: { target: `#cut.${next}`, actions }, onError } },
      stopped: stoppedState,
    },
  }) as const

const waitsFor = (name: string) =>
  ({
    meta: gate(name),
    on: {
      APPROVE: { target: 'checking', actions: 'takeApproval' },
      REJECT: { target: '#cut.REJECTED', actions: 'takeApproval' },
      VOID: { target: '#cut.VOIDED', actions: 'takeApproval' },
    },
  }) as const

export const cutLogic = cutSetup.createMachine({
  id: 'cut',
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
    PENDING: work('source_pin', given('document', 'source', 'profile', 'target'), 'SOURCE_PINNED'),
    SOURCE_PINNED: work('mark', given('document', 'profile', 'accept', 'sourceDigest'), 'MARKED'),
    MARKED: work(
      'cutplan',
      given('document', 'target', 'profile', 'accept', 'sourceDigest', 'surveyDigest'),
      'CUTPLAN_OK',
    ),
    CUTPLAN_OK: work('pre_write_backup', given('document', 'target', 'planDigest'), 'PRE_WRITE_BACKUP_TAKEN'),
    PRE_WRITE_BACKUP_TAKEN: work(
      'grant_probe',
      given('document', 'target', 'planDigest', 'sourceDigest', 'backupDigest'),
      'GRANTS_PROBED',
    ),
    GRANTS_PROBED: { after: { 0: 'AWAITING_CUT_AUTHORIZATION' } },
    AWAITING_CUT_AUTHORIZATION: {
      initial: 'waiting',
      states: {
        waiting: waitsFor('SG1'),
        // The last check: the world, surveyed and planned again. Drift leads back to the gate with the new plan.
        checking: {
          meta: rechecks('SG1'),
          invoke: {
            id: 'recheck_cut',
            src: 'recheck_cut',
            input: given('document', 'source', 'profile', 'accept', 'target', 'planDigest'),
            onDone: [
              { guard: 'samePlan', target: '#cut.AWAITING_CUT_AUTHORIZATION.authorized', actions: 'learn' },
              { target: 'waiting', actions: ['learn', 'dropApproval'] },
            ],
            onError: { target: 'waiting', actions: 'noteRecheck' },
          },
        },
        authorized: work(
          'cut_leg_a',
          given('document', 'target', 'planDigest', 'sourceDigest'),
          'CUT_LEG_A_COMMITTED',
        ),
      },
    },
    CUT_LEG_A_COMMITTED: work(
      'structural_verify',
      given('document', 'target', 'planDigest'),
      'STRUCTURAL_VERIFIED',
    ),
    STRUCTURAL_VERIFIED: work(
      'leg_b_record',
      given('document', 'target', 'planDigest', 'legADigest'),
      'LEG_B_RECORDED',
    ),
    LEG_B_RECORDED: work(
      'write_verify',
      given('document', 'source', 'target', 'sourceSha256', 'cutPlanDigest'),
      'WRITE_VERIFIED',
      ['learn', 'dropApproval'],
    ),
    WRITE_VERIFIED: { after: { 0: 'AWAITING_LIFECYCLE_AUTHORIZATION' } },
    AWAITING_LIFECYCLE_AUTHORIZATION: {
      initial: 'waiting',
      states: {
        waiting: waitsFor('SG2'),
        checking: {
          meta: rechecks('SG2'),
          invoke: {
            id: 'recheck_lifecycle',
            src: 'recheck_lifecycle',
            input: given('document', 'target', 'planDigest', 'cutPlanDigest'),
            onDone: [
              {
                guard: 'samePlan',
                target: '#cut.AWAITING_LIFECYCLE_AUTHORIZATION.authorized',
                actions: 'learn',
              },
              { target: 'waiting', actions: ['learn', 'dropApproval'] },
            ],
            onError: { target: 'waiting', actions: 'noteRecheck' },
          },
        },
        authorized: work(
          'lifecycle_enact',
          given('document', 'target', 'planDigest', 'cutPlanDigest'),
          'LIFECYCLE_ENACTED',
        ),
      },
    },
    LIFECYCLE_ENACTED: work(
      'closeout',
      given('document', 'target', 'surveyDigest', 'created', 'versions', 'edges'),
      'CLOSEOUT_REPORTED',
    ),
    CLOSEOUT_REPORTED: { type: 'final', meta: closed('succeeded') },
    // Ends that are no milestones: the run keeps the name of the one that it had reached.
    REJECTED: { type: 'final', meta: closed('rejected') },
    VOIDED: { type: 'final', meta: closed('voided') },
    CANCELLED: { type: 'final', meta: closed('cancelled') },
  },
})

export const cut: MachineDefinition = {
  name: 'cut',
  version: '1',
  logic: cutLogic,
  input: cutInput,
  runIdPrefix: 'ictr',
  reviewGates: ['SG2'],
}
