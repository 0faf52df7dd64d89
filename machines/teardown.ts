import { assign, setup } from 'xstate'
import { z } from 'zod'
import type { StopFacts } from '../src/domain/errors.ts'
import type { Json } from '../src/domain/json.ts'
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
 * Teardown: the copies on which a migration was rehearsed outlive their run, and go only under an approval of their own. Started
 * by `cutter rehearsal remove <run>`.
 */

export const teardownInput = z.object({
  run: z.string().min(1).describe('the run whose rehearsal copies are to go'),
})

type Facts = { [key: string]: Json }

interface TeardownContext extends RunContext {
  input: z.infer<typeof teardownInput>
  facts: Facts
}

type TeardownEvent = DecisionEvent | { type: 'RETRY' } | { type: 'CANCEL'; reason: string }

const phase = () => effect<Facts, Facts>()

const outputOf = (event: unknown) => (event as { output: Facts }).output
const errorOf = (event: unknown) => (event as { error: StopFacts }).error

const teardownSetup = setup({
  types: {
    context: {} as TeardownContext,
    events: {} as TeardownEvent,
    input: {} as MachineInput<z.infer<typeof teardownInput>>,
  },
  actors: { copies_find: phase(), recheck_copies: phase(), copies_remove: phase() },
  actions: {
    learn: assign(({ context, event }) => {
      const { report = {}, planDigest = context.planDigest, ...facts } = outputOf(event)
      return {
        facts: { ...context.facts, ...facts },
        planDigest: planDigest as string | null,
        output: { ...context.output, ...(report as Facts) },
      }
    }),
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
  },
})

const given = ({ context }: { context: TeardownContext }): Facts => ({
  run: context.input.run,
  ...(context.planDigest === null ? {} : { planDigest: context.planDigest }),
})

const stopping = { target: 'stopped', actions: 'stop' } as const
const retrying = { meta: stopped, on: { RETRY: { target: 'working', actions: 'clearStop' } } } as const

export const teardownLogic = teardownSetup.createMachine({
  id: 'teardown',
  context: ({ input }) => ({
    input: input?.input,
    facts: {},
    output: {},
    planDigest: null,
    stop: null,
    approvalId: null,
  }),
  initial: 'PENDING',
  on: { CANCEL: { target: '.CANCELLED' } },
  states: {
    PENDING: {
      initial: 'working',
      states: {
        working: {
          invoke: {
            id: 'copies_find',
            src: 'copies_find',
            input: given,
            onDone: { target: '#teardown.AWAITING_TEARDOWN_AUTHORIZATION', actions: 'learn' },
            onError: stopping,
          },
        },
        stopped: retrying,
      },
    },
    AWAITING_TEARDOWN_AUTHORIZATION: {
      initial: 'waiting',
      states: {
        waiting: {
          meta: gate('SG1'),
          on: {
            APPROVE: { target: 'checking', actions: 'takeApproval' },
            REJECT: { target: '#teardown.REJECTED', actions: 'takeApproval' },
            VOID: { target: '#teardown.VOIDED', actions: 'takeApproval' },
          },
        },
        checking: {
          meta: rechecks('SG1'),
          invoke: {
            id: 'recheck_copies',
            src: 'recheck_copies',
            input: given,
            onDone: [
              { guard: 'samePlan', target: 'authorized', actions: 'learn' },
              { target: 'waiting', actions: ['learn', 'dropApproval'] },
            ],
            onError: { target: 'waiting', actions: 'noteRecheck' },
          },
        },
        authorized: {
          initial: 'working',
          states: {
            working: {
              invoke: {
                id: 'copies_remove',
                src: 'copies_remove',
                input: given,
                onDone: { target: '#teardown.CLOSEOUT_REPORTED', actions: 'learn' },
                onError: stopping,
              },
            },
            stopped: retrying,
          },
        },
      },
    },
    CLOSEOUT_REPORTED: { type: 'final', meta: closed('succeeded') },
    REJECTED: { type: 'final', meta: closed('rejected') },
    VOIDED: { type: 'final', meta: closed('voided') },
    CANCELLED: { type: 'final', meta: closed('cancelled') },
  },
})

export const teardown: MachineDefinition = {
  name: 'teardown',
  version: '1',
  logic: teardownLogic,
  input: teardownInput,
  runIdPrefix: 'tear',
}
