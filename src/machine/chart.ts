import { type AnyStateMachine, assign, setup } from 'xstate'
import type { EffectResult } from '../domain/effect.ts'
import type { StopFacts } from '../domain/errors.ts'
import { jsonEvidence } from '../domain/evidence.ts'
import type { Json } from '../domain/json.ts'
import type { Mode } from '../domain/run.ts'
import {
  closed,
  type DecisionEvent,
  effect,
  gate,
  type MachineInput,
  type RunContext,
  rechecks,
  stopped,
} from './define.ts'

/**
 * The usual shape of a machine: milestones joined by work and gates. Each effect gets the run's input, the facts that earlier
 * effects reported, and the plan digest; its input schema picks what it needs. It reports facts. Among them, `planDigest` becomes the
 * plan of the next gate, and `report` becomes part of the output of `run show`. Authors who need another shape write an XState chart
 * by the conventions of define.ts.
 */

export type Facts = { [key: string]: Json }

export interface ChartContext extends RunContext {
  input: Facts
  mode: Mode
  facts: Facts
}

type Milestone = { [key: string]: unknown }

const outputOf = (event: unknown) => (event as { output: Facts }).output
const errorOf = (event: unknown) => (event as { error: StopFacts }).error

interface ChartOptions {
  /** Keys of `report` whose objects are merged into the earlier ones instead of replacing them; they are facts too. */
  grows?: string[]
  /** The chart's own name. Its milestones are called `<id>.<milestone>` in events; without an id, by their names alone. */
  id?: string
}

/** Makes a chart of milestones. A run starts in the first one. The ends for rejecting, voiding and cancelling are added. */
export function chart(
  milestones: { [name: string]: Milestone },
  { grows = [], id }: ChartOptions = {},
): AnyStateMachine {
  const states: { [name: string]: Milestone } = {
    ...milestones,
    // These ends are not milestones: the run keeps the name of the milestone that it had reached.
    REJECTED: { type: 'final', meta: closed('rejected') },
    VOIDED: { type: 'final', meta: closed('voided') },
    CANCELLED: { type: 'final', meta: closed('cancelled') },
  }
  const idOf = (name: string) => (id === undefined ? name : `${id}.${name}`)
  const named = Object.entries(states).map(([name, state]) => [name, { id: idOf(name), ...state }])
  const effects = new Set<string>()
  const config = {
    id: id ?? 'chart',
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
    states: mapped(Object.fromEntries(named), (key, value) => {
      if (key === 'src') effects.add(value)
      return value.startsWith('#') && value.slice(1) in states ? `#${idOf(value.slice(1))}` : value
    }),
  }
  const actors = Object.fromEntries([...effects].map((name) => [name, effect()]))
  return usualSetup(grows)
    .createMachine(config as never)
    .provide({ actors } as never) as unknown as AnyStateMachine
}

/** The actions and guards that the states of this file use. */
const usualSetup = (grows: string[]) =>
  setup({
    types: { context: {} as ChartContext, input: {} as MachineInput<Facts> },
    actions: {
      learn: assign(({ context, event }) => learned(context, outputOf(event), grows)),
      stop: assign({ stop: ({ event }) => errorOf(event) }),
      clearStop: assign({ stop: null }),
      takeApproval: assign({ approvalId: ({ event }) => (event as unknown as DecisionEvent).approvalId }),
      dropApproval: assign({ approvalId: null }),
      noteRecheck: assign(({ context, event }) => {
        const { code, message, next, data } = errorOf(event)
        const more = { ...(next && { next }), ...(data?.differences && { differences: data.differences }) }
        return { approvalId: null, output: { ...context.output, recheck: { code, message, ...more } } }
      }),
    },
    guards: {
      samePlan: ({ context, event }) => outputOf(event).planDigest === context.planDigest,
    },
  })

/** Replaces the texts in a part of a chart, at any depth. Functions and everything else stay as they are. */
function mapped(part: unknown, text: (key: string, value: string) => string, key = ''): unknown {
  if (typeof part === 'string') return text(key, part)
  if (Array.isArray(part)) return part.map((item) => mapped(item, text, key))
  if (part === null || typeof part !== 'object' || Object.getPrototypeOf(part) !== Object.prototype)
    return part
  return Object.fromEntries(Object.entries(part).map(([name, item]) => [name, mapped(item, text, name)]))
}

function learned(context: ChartContext, outcome: Facts, grows: string[]): Partial<ChartContext> {
  const { report = {}, planDigest = context.planDigest, ...facts } = outcome as { report?: Facts } & Facts
  const grown: Facts = {}
  for (const key of grows) grown[key] = { ...(context.output[key] as Facts), ...(report[key] as Facts) }
  return {
    facts: added(context.facts, { ...facts, ...grown }),
    planDigest: planDigest as string | null,
    output: added(context.output, { ...report, ...grown }),
  }
}

/** Merges two objects. This runs at every step, so that an object to which nothing is added is returned as it is. */
const added = (to: Facts, more: Facts): Facts => {
  for (const _ in more) return { ...to, ...more }
  return to
}

/** Everything that an effect of such a chart can get: input, facts and plan digest. */
export const allFacts = ({ context }: { context: ChartContext }): Facts => ({
  ...context.input,
  ...context.facts,
  planDigest: context.planDigest,
})

/** The named facts. This runs at every step, so that it makes one object and no lists. */
const given =
  (names: string[]) =>
  ({ context: { input, facts, planDigest } }: { context: ChartContext }): Facts => {
    const picked: Facts = {}
    for (const name of names) {
      const fact = name === 'planDigest' ? planDigest : (facts[name] ?? input[name])
      if (fact !== undefined) picked[name] = fact
    }
    return picked
  }

interface Ways {
  /** Names of the input, the facts and `planDigest` that the effect gets. Left out: all of them. */
  given?: string[]
  /** Transitions that are tried before the transition to the next milestone. */
  unless?: { [key: string]: unknown }[]
  onError?: string
  /** After this effect the approval under which the run passed its gate counts no more. */
  drops?: boolean
}

/** A state in which an effect works. It leads to `target` when the effect is done. */
export const effectState = (
  effect: string,
  target: string,
  { given: names, unless = [], onError = 'stopped', drops = false }: Ways = {},
) => ({
  invoke: {
    id: effect,
    src: effect,
    input: names === undefined ? allFacts : given(names),
    onDone: [...unless, { target, actions: drops ? ['learn', 'dropApproval'] : ['learn'] }],
    onError: { target: onError, actions: 'stop' },
  },
})

/** A state in which a run has stopped. RETRY leads to `at`. */
export const stopState = (at = 'working') => ({
  meta: stopped,
  on: { RETRY: { target: at, actions: 'clearStop' } },
})

/** A milestone's work: the effect that leads to the next milestone, and the stop from which RETRY repeats it. */
export const work = (effect: string, next: string, ways: Ways = {}) => ({
  initial: 'working',
  states: { working: effectState(effect, `#${next}`, ways), stopped: stopState() },
})

type Recheck = { recheck: string; given?: string[] }
type Authorized = { work: string; next: string } | { authorized: Milestone }

/**
 * A milestone that waits at a gate. With an approval, `recheck` plans again. The same plan digest leads to `work` and the next
 * milestone, or to `authorized`. Another plan digest leads back to the gate, with the new plan.
 */
export function gated(name: string, { recheck, given: names, ...then }: Recheck & Authorized) {
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
          input: names === undefined ? allFacts : given(names),
          onDone: [
            { guard: 'samePlan', target: 'authorized', actions: 'learn' },
            { target: 'waiting', actions: ['learn', 'dropApproval'] },
          ],
          onError: { target: 'waiting', actions: 'noteRecheck' },
        },
      },
      authorized: 'authorized' in then ? then.authorized : work(then.work, then.next, { drops: true }),
    },
  }
}

/** The end of a run that succeeded. */
export const success: Milestone = { type: 'final', meta: closed('succeeded') }

/** The result of a planning effect: the plan as evidence `plan/<gate>`, its digest, and facts for later effects. */
export function planOf(gate: string, plan: Facts, facts: Facts = {}): EffectResult<Facts> {
  const evidence = jsonEvidence(`plan/${gate}`, plan)
  return { output: { ...facts, planDigest: evidence.digest }, evidence: [evidence] }
}
