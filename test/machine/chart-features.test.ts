import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  type AnyStateMachine,
  and,
  assign,
  emit,
  enqueueActions,
  fromPromise,
  log,
  not,
  raise,
  sendTo,
  setup,
  spawnChild,
} from 'xstate'
import { z } from 'zod'
import { validateModule } from '../../src/custom/validate-module.ts'
import { closed, effect, gate, stopped } from '../../src/machine/define.ts'
import { readEffect } from '../../src/machine/define-effect.ts'
import { aWorld, succeeds } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

/** Walks the table of docs/machines.md: what is supported runs to its end, and what is refused is refused before a run exists. */

afterAll(removeFolders)

const MANUAL = readFileSync(resolve(import.meta.dirname, '../../docs/machines.md'), 'utf8')
const [, table] = /## What a chart may use\n(.*?)\n## /s.exec(MANUAL)!
const rows = [...table!.matchAll(/^\| (.+?) \| (supported|refused) \|/gm)].map(([, name, answer]) => ({
  name: name!,
  answer: answer!,
}))

type Config = { [key: string]: unknown }

const CONTEXT = { output: {}, planDigest: null, stop: null, approvalId: null }
const ENDS = {
  DONE: { type: 'final', meta: closed('succeeded') },
  FAILED: { type: 'final', meta: closed('failed') },
  CANCELLED: { type: 'final', meta: closed('cancelled') },
}
const base = (states: Config, more: Config = {}): Config => ({
  id: 'c',
  context: CONTEXT,
  initial: 'A',
  on: { CANCEL: '.CANCELLED' },
  states: { ...states, ...ENDS },
  ...more,
})
const invoke = (onDone: unknown, id = 'job') => ({
  invoke: { id, src: 'job', input: {}, onDone, onError: '#c.FAILED' },
})
const region = (id: string) => ({ initial: 'w', states: { w: invoke('d', id), d: { type: 'final' } } })
const regions = (x: Config, y: Config) => base({ A: { type: 'parallel', states: { x, y }, onDone: 'DONE' } })
const entering = (entry: unknown) => base({ A: { entry, ...invoke('DONE') } })
const stopRegion = {
  initial: 's',
  states: { s: { meta: stopped, on: { RETRY: 'd' } }, d: { type: 'final' } },
}
const gateRegion = {
  initial: 'g',
  states: {
    g: { meta: gate('SG1'), on: { APPROVE: 'd', REJECT: '#c.FAILED', VOID: '#c.FAILED' } },
    d: { type: 'final' },
  },
}
const back = (type: 'shallow' | 'deep') =>
  base({
    A: { initial: 'one', states: { one: invoke('#c.B'), h: { type: 'history', history: type } } },
    B: invoke(
      [
        { guard: 'again', target: 'DONE' },
        { target: '#c.A.h', actions: assign({ output: { again: true } }) },
      ],
      'job2',
    ),
  })
const go = (options?: object) => raise({ type: 'GO' }, options as never)

/** The charts of each row. All of them are supported, or each of them is refused. */
const CHARTS: { [row: string]: Config[] } = {
  'one effect after the other': [base({ A: invoke('B'), B: invoke('DONE', 'job2') })],
  'two effects of one state': [
    base({ A: { invoke: [invoke('DONE').invoke, { ...invoke('DONE', 'job2').invoke }] } }),
  ],
  'parallel regions below a milestone': [regions(region('job'), region('job2'))],
  'a parallel root': [base({ A: invoke('DONE') }, { type: 'parallel' })],
  'the same invoke id in two regions': [regions(region('job'), region('job'))],
  'a gate or a stop in a parallel region': [
    regions(gateRegion, region('job')),
    regions(region('job'), stopRegion),
  ],
  'history states, shallow and deep': [back('shallow'), back('deep')],
  'timers (`after`), also with a named delay': [
    base({ A: invoke('B'), B: { after: { 20: 'DONE' } } }),
    base({ A: invoke('B'), B: { after: { soon: 'DONE' } } }),
  ],
  'an event that the chart raises': [
    base({ A: { ...invoke({ actions: go() }), on: { GO: 'DONE' } } }),
    base({ A: invoke({ target: 'B', actions: go() }), B: { on: { GO: 'DONE' } } }),
  ],
  'an event raised with a delay and an id': [
    base({ A: invoke({ target: 'B', actions: go({ delay: 20, id: 'later' }) }), B: { on: { GO: 'DONE' } } }),
  ],
  'an event raised with a delay and no id': [
    base({ A: invoke({ target: 'B', actions: go({ delay: 20 }) }), B: { on: { GO: 'DONE' } } }),
  ],
  '`assign` and `enqueueActions`': [
    base({
      A: invoke({
        target: 'DONE',
        actions: ['note', enqueueActions(({ enqueue }) => enqueue.assign({ output: { b: 1 } } as never))],
      }),
    }),
  ],
  'named guards, and `and`, `or`, `not` of them': [
    base({ A: invoke([{ guard: and(['yes', not('no')]), target: 'DONE' }, { target: 'FAILED' }]) }),
  ],
  '`always`': [base({ A: invoke('B'), B: { always: 'DONE' } })],
  'spawned actors (`spawnChild`, `spawn` in an assignment)': [
    entering(spawnChild('job' as never)),
    entering(assign({ kid: ({ spawn }: { spawn: (name: string) => unknown }) => spawn('job') } as never)),
    entering(enqueueActions(({ enqueue }) => enqueue.spawnChild('job' as never))),
  ],
  'actor logic given inline': [
    base({ A: { invoke: { src: fromPromise(async () => 1), onDone: 'DONE', onError: 'FAILED' } } }),
  ],
  'actions with code of their own, `log`, `emit`, `sendTo`': [
    entering(() => {}),
    entering('own'),
    entering(log('x')),
    entering(emit({ type: 'x' } as never)),
    entering(sendTo('job', { type: 'x' })),
    base({ A: { exit: () => {}, ...invoke('DONE') } }),
    base({ A: invoke({ target: 'DONE', actions: [() => {}] }) }),
  ],
  'an action, guard or delay that is named and not defined': [
    entering('nothing'),
    base({ A: invoke([{ guard: 'nothing', target: 'DONE' }, { target: 'FAILED' }]) }),
    base({ A: invoke([{ guard: not('nothing'), target: 'DONE' }, { target: 'FAILED' }]) }),
    base({ A: invoke('B'), B: { after: { nothing: 'DONE' } } }),
  ],
  '`onSnapshot`': [base({ A: { invoke: { ...invoke('DONE').invoke, onSnapshot: { actions: 'note' } } } })],
  'an effect without `onDone` or `onError`': [
    base({ A: { invoke: { id: 'job', src: 'job', onDone: 'DONE' } } }),
    base({ A: { invoke: { id: 'job', src: 'job', onError: 'FAILED' } } }),
  ],
  'a milestone whose name is not one word': [
    base({ A: invoke('B c'), 'B c': invoke('DONE', 'job2') }),
    base({ A: invoke('X\nstate CLOSED'), 'X\nstate CLOSED': invoke('DONE', 'job2') }),
    base({ A: invoke('Ä'), Ä: invoke('DONE', 'job2') }),
  ],
  'a state without work': [
    base({ A: invoke('B'), B: {} }),
    base({ A: invoke('B'), B: { on: { GO: 'DONE' } } }),
    base({ A: invoke('B'), B: { initial: 'x', states: { x: {} } } }),
  ],
  'a context that JSON cannot hold': [
    base({ A: invoke('DONE') }, { context: { ...CONTEXT, at: new Date(0) } }),
    base({ A: invoke('DONE') }, { context: { ...CONTEXT, n: 1n } }),
    base({ A: invoke('DONE') }, { context: { ...CONTEXT, output: undefined } }),
  ],
}

/** Loads and starts a machine of this chart. Returns how its run ended, or throws before there is a run. */
async function ending(config: Config): Promise<string> {
  const job = readEffect({ name: 'job', input: z.any(), execute: async () => ({ output: {} }) })
  const logic = setup({
    actors: { job: effect() } as never,
    delays: { soon: () => 20 } as never,
    actions: { note: assign({ output: { a: 1 } } as never), own: () => {} } as never,
    guards: {
      yes: () => true,
      no: () => false,
      again: ({ context }: { context: { output: { again?: boolean } } }) => context.output.again === true,
    } as never,
  }).createMachine(config as never) as unknown as AnyStateMachine
  const machine = { name: 'tried', version: '1', input: z.object({}), effects: [job], logic }
  const { definition, effects } = validateModule(machine, (why) => new Error(why))
  const installed = { machine: { ...definition, definitionDigest: `sha256:${'1'.repeat(64)}` }, effects }
  const world = aWorld(succeeds, {
    parts: { installed: async () => ({ ...installed, admit: async (given: never) => given }) },
  })
  try {
    const run = await world.engine.start('tried', {}, { mode: 'dry-run' })
    return `${run.status} ${run.outcome}`
  } catch (error) {
    expect(await world.store.list({ limit: 1 })).toEqual([])
    throw error
  } finally {
    await world.store.close()
  }
}

test('the table has a row for each chart here, and no other', () => {
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(CHARTS))
})

test.each(rows)('$name: $answer', async ({ name, answer }) => {
  for (const config of CHARTS[name] ?? []) {
    if (answer === 'supported') expect(await ending(config)).toBe('closed succeeded')
    else await expect(ending(config)).rejects.toThrow(/state|root|context|milestone/)
  }
})
