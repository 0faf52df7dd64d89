import { type AnyStateMachine, assign, setup } from 'xstate'
import type { EffectResult } from '../domain/effect.ts'
import type { StopFacts } from '../domain/errors.ts'
import { jsonEvidence } from '../domain/evidence.ts'
import type { Json } from '../domain/json.ts'
import type { Mode } from '../domain/run.ts'
import {
  closed,
  type DecisionEvent,
  gate,
  type MachineInput,
  type RunContext,
  rechecks,
  stopped,
} from './define.ts'

/**
 * The usual shape of a machine, for authors who don't need another: milestones joined by work and gates. Every effect is given
 * the run's input, the facts that earlier effects reported and the plan's digest, and picks what its input schema names. What
 * it reports are facts; `planDigest` and `report` among them go where the engine and `run show` look for them. Anything else
 * is an XState chart of one's own, by the conventions of define.ts.
 */

export type Facts = { [key: string]: Json }

interface ChartContext extends RunContext {
  input: Facts
  mode: Mode
  facts: Facts
}

type Milestone = { [key: string]: unknown }

/** A chart of these milestones, the first of which it begins in; rejecting, voiding and cancelling are added. */
export function chart(milestones: { [name: string]: Milestone }): AnyStateMachine {
  const named = Object.entries(milestones).map(([name, state]) => [name, { id: name, ...state }])
  const usual = setup({
    types: { context: {} as ChartContext, input: {} as MachineInput<Facts> },
    actions: {
      learn: assign(({ context, event }) => learned(context, (event as unknown as { output: Facts }).output)),
      stop: assign({ stop: ({ event }) => (event as unknown as { error: StopFacts }).error }),
      clearStop: assign({ stop: null }),
      takeApproval: assign({ approvalId: ({ event }) => (event as unknown as DecisionEvent).approvalId }),
      dropApproval: assign({ approvalId: null }),
      noteRecheck: assign(({ context, event }) => {
        const { code, message } = (event as unknown as { error: StopFacts }).error
        return { approvalId: null, output: { ...context.output, recheck: { code, message } } }
      }),
    },
    guards: {
      samePlan: ({ context, event }) =>
        (event as unknown as { output: Facts }).output.planDigest === context.planDigest,
    },
  })
  const config = {
    id: 'chart',
    context: ({ input }: { input?: MachineInput<Facts> }) => ({
      input: input?.input,
      mode: input?.mode,
      facts: {},
      output: {},
      planDigest: null,
      stop: null,
      approvalId: null,
    }),
    initial: Object.keys(milestones)[0],
    on: { CANCEL: { target: '.CANCELLED' } },
    states: {
      ...Object.fromEntries(named),
      REJECTED: { id: 'REJECTED', type: 'final', meta: closed('rejected') },
      VOIDED: { id: 'VOIDED', type: 'final', meta: closed('voided') },
      CANCELLED: { id: 'CANCELLED', type: 'final', meta: closed('cancelled') },
    },
  }
  return usual.createMachine(config as never) as unknown as AnyStateMachine
}

function learned(
  context: ChartContext,
  { report = {}, planDigest = context.planDigest, ...facts }: Facts,
): Partial<ChartContext> {
  return {
    facts: { ...context.facts, ...facts },
    planDigest: planDigest as string | null,
    output: { ...context.output, ...(report as Facts) },
  }
}

const known = ({ context }: { context: ChartContext }): Facts => ({
  ...context.input,
  ...context.facts,
  planDigest: context.planDigest,
})

/** A milestone's work: the effect that leads to the next milestone, or a stop from which it is taken up again. */
export const work = (effect: string, next: string): Milestone => working(effect, next, ['learn'])

const working = (effect: string, next: string, actions: string[]): Milestone => ({
  initial: 'working',
  states: {
    working: phase(effect, { target: `#${next}`, actions }),
    stopped: resumedAt('working'),
  },
})

/** One effect, for milestones of more than one: where it leads to, and the stop that a failure leads to. */
export const phase = (effect: string, onDone: unknown, stop = 'stopped'): Milestone => ({
  invoke: { id: effect, src: effect, input: known, onDone, onError: { target: stop, actions: 'stop' } },
})

/** A stop, and the phase with which the run goes on when it is resumed. */
export const resumedAt = (target: string): Milestone => ({
  meta: stopped,
  on: { RETRY: { target, actions: 'clearStop' } },
})

/**
 * A milestone that waits at a gate. Under an approval `recheck` plans anew: the same plan digest, and `work` is done on the way
 * to the next milestone; another one, and the run falls back to its gate with the new plan. `authorized` stands for work of
 * more than one effect: the states of what is done under the approval.
 */
export function gated(
  name: string,
  given: { recheck: string } & ({ work: string; next: string } | { authorized: Milestone }),
): Milestone {
  const { recheck } = given
  const authorized =
    'authorized' in given ? given.authorized : working(given.work, given.next, ['learn', 'dropApproval'])
  return {
    initial: 'waiting',
    states: {
      waiting: {
        meta: gate(name),
        on: {
          APPROVE: { target: 'checking', actions: 'takeApproval' },
          REJECT: { target: '#REJECTED', actions: 'takeApproval' },
          VOID: { target: '#VOIDED', actions: 'takeApproval' },
        },
      },
      checking: {
        meta: rechecks(name),
        invoke: {
          id: recheck,
          src: recheck,
          input: known,
          onDone: [
            { guard: 'samePlan', target: 'authorized', actions: 'learn' },
            { target: 'waiting', actions: ['learn', 'dropApproval'] },
          ],
          onError: { target: 'waiting', actions: 'noteRecheck' },
        },
      },
      authorized,
    },
  }
}

/** The end of a run that did what it was to do. */
export const success: Milestone = { type: 'final', meta: closed('succeeded') }

/** What a planning effect gives back: the plan as evidence, its digest, and facts for later effects. */
export function planOf(gate: string, plan: Facts, facts: Facts = {}): EffectResult<Facts> {
  const evidence = jsonEvidence(`plan/${gate}`, plan)
  return { output: { ...facts, planDigest: evidence.digest }, evidence: [evidence] }
}
