import type { AnyStateMachine } from 'xstate'
import { z } from 'zod'
import type { Effect } from '../../src/domain/effect.ts'
import { Stop } from '../../src/domain/errors.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { InstalledMachine } from '../../src/engine/engine-deps.ts'
import { chart, effectState, gated, planOf, stopState, success, work } from '../../src/machine/chart.ts'
import { closed } from '../../src/machine/define.ts'
import type { Choices } from './choices.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedTarget } from './simulated-target.ts'

/** The machines of the simulated world. Each write happens at most once, and a run that succeeded has done all of them. */

const plan = work('plan', 'AWAITING_CUT_AUTHORIZATION')
const gate = (next: string) => gated('SG1', { recheck: 'recheck', work: 'first', next })
const until = (ms: number, effect: string, target: string) => ({
  initial: 'working',
  states: { working: { ...effectState(effect, target), after: { [ms]: '#LATE' } }, stopped: stopState() },
})
const region = (effect: string) => ({
  initial: 'working',
  states: { working: effectState(effect, 'done', { onError: '#FAILED' }), done: { type: 'final' } },
})
const late = { type: 'final', meta: closed('failed') }

const CHARTS: { [name: string]: AnyStateMachine } = {
  /** Two writes, one after the other. */
  linear: chart({
    PLANNED: plan,
    AWAITING_CUT_AUTHORIZATION: gate('WRITTEN'),
    WRITTEN: work('second', 'END'),
    END: success,
  }),
  /** A timer with a write, and one with a read. */
  timed: chart({
    PLANNED: plan,
    AWAITING_CUT_AUTHORIZATION: gate('WRITTEN'),
    WRITTEN: until(30_000, 'second', '#READ'),
    READ: until(30_000, 'look', '#END'),
    LATE: late,
    END: success,
  }),
  /** Two gates; the first one expires. */
  expiring: chart({
    PLANNED: plan,
    AWAITING_CUT_AUTHORIZATION: { ...gate('PLANNED_AGAIN'), after: { 600000: 'LATE' } },
    PLANNED_AGAIN: work('plan_again', 'AWAITING_LIFECYCLE_AUTHORIZATION'),
    AWAITING_LIFECYCLE_AUTHORIZATION: gated('SG2', { recheck: 'recheck_again', work: 'second', next: 'END' }),
    LATE: late,
    END: success,
  }),
  /** Two writes at once. */
  parallel: chart({
    PLANNED: plan,
    AWAITING_CUT_AUTHORIZATION: gated('SG1', {
      recheck: 'recheck',
      authorized: {
        type: 'parallel',
        states: { one: region('first'), two: region('second') },
        onDone: '#END',
      },
    }),
    FAILED: late,
    END: success,
  } as never),
}

export const MACHINES = Object.keys(CHARTS)

const any = { input: z.unknown(), output: z.unknown() }

/** A machine as one process has it. */
export function machineOf(
  name: string,
  { scheduler, choices, target }: { scheduler: Scheduler; choices: Choices; target: SimulatedTarget },
): InstalledMachine {
  const read = (effect: string, execute: () => object): Effect => ({
    ...any,
    name: effect,
    kind: 'read',
    execute: async () => {
      await scheduler.pause()
      if (!target.isHealthy && choices.rarely(0.1, 2) === 1)
        throw new Stop('STOP_DRIFT', 'the world is another one')
      return execute() as never
    },
  })
  const planned = (gate: string) => () => planOf(gate, { world: 'as it is' })
  return {
    machine: {
      name,
      version: '1',
      logic: CHARTS[name]!,
      input: z.object({}),
      runIdPrefix: name.slice(0, 3),
      definitionDigest: digestOf(name),
    },
    effects: {
      plan: read('plan', planned('SG1')),
      recheck: read('recheck', planned('SG1')),
      plan_again: read('plan_again', planned('SG2')),
      recheck_again: read('recheck_again', planned('SG2')),
      look: read('look', () => ({ output: {} })),
      first: target.write('first', any),
      second: target.write('second', any),
    },
    admit: async (input) => input,
  }
}
