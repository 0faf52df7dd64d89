// cspell:ignore fiel
import type { Mistake } from './mistakes.ts'

/** Habits of JavaScript that lead to mistakes in a machine: anything is thrown, returned or awaited. */

const THROWN = 'correct the machine, end this run (cutter run cancel'
const CONTRACT = 'correct the machine; docs/machines.md has the contract of effects'
const GATE = "GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }), DONE: success"
/** The planning state, with the transition for its outcome. */
const planned = (onDone: string) =>
  `PENDING: { initial: 'w', states: {
    w: { invoke: { id: 'plan', src: 'plan', input: ({ context }) => context.input, ${onDone} onError: { target: 's', actions: 'stop' } } },
    s: { meta: stopped, on: { RETRY: 'w' } } } }, ${GATE}`
const planThat = (input: string, body: string) =>
  `const plan = readEffect({ name: 'plan', input: ${input}, async execute(context, { file }) {\n  ${body}\n} })`

export const HABITS: Mistake[] = [
  {
    name: 'throws-an-object',
    parts: { plan: "throw { code: 7, why: 'no' }" },
    found: 'before the gate',
    says: ['plan threw: "{\\"code\\":7,\\"why\\":\\"no\\"}", which is no Error', 'FILE:6', THROWN],
  },
  {
    name: 'throws-what-has-no-text',
    parts: { plan: 'throw Object.assign(Object.create(null), { n: 1n })' },
    found: 'before the gate',
    says: ['plan threw: "something that has no text", which is no Error', 'FILE:6', THROWN],
  },
  {
    name: 'throws-without-stack',
    parts: { plan: "throw Object.assign(new Error('flat'), { stack: 5 })" },
    found: 'before the gate',
    says: ['plan threw: flat (FILE:6)', THROWN],
  },
  {
    name: 'plan-of-itself',
    parts: { plan: "const a = { file }; a.a = a; return planOf('SG1', a)" },
    found: 'before the gate',
    says: ['plan/SG1 is no JSON: a contains itself (FILE:7:', THROWN],
  },
  {
    name: 'plan-with-object-of-class',
    parts: { plan: "class Price {}; return planOf('SG1', { price: new Price() })" },
    found: 'before the gate',
    says: ['plan/SG1 is no JSON: price is a Price (FILE:7:', THROWN],
  },
  {
    name: 'plan-with-function',
    parts: { plan: "return planOf('SG1', { then: [() => 1] })" },
    found: 'before the gate',
    says: ['plan/SG1 is no JSON: then[0] is a function (FILE:7:', THROWN],
  },
  {
    name: 'plan-not-awaited',
    parts: { plan: "return planOf('SG1', { text: readFile(file, 'utf8') })" },
    found: 'before the gate',
    says: ['plan/SG1 is no JSON: text is a Promise (FILE:7:', THROWN],
  },
  {
    name: 'fact-of-map',
    parts: { plan: "return planOf('SG1', { file }, { rates: new Map([[1, 2]]) })" },
    found: 'before the gate',
    says: ['the effect plan (FILE:6)', 'output.rates is a Map', CONTRACT],
  },
  {
    name: 'plan-without-gate',
    parts: { plan: 'return planOf({ file })' },
    found: 'before the gate',
    says: [
      "planOf takes the name of a gate, the plan and facts, both as objects: planOf('SG1', { … }, { … })",
      'FILE:7:',
    ],
  },
  {
    name: 'plan-inside-output',
    parts: { plan: "return { output: planOf('SG1', { file }) }" },
    found: 'before the gate',
    says: ['the effect plan (FILE:6)', 'a complete result as its output; return planOf(…) itself'],
  },
  {
    name: 'schema-that-waits',
    parts: {
      read: planThat(
        'z.object({ file: z.string().refine(async () => true) })',
        "return planOf('SG1', { file })",
      ),
    },
    found: 'before the gate',
    says: ['the effect plan (FILE:6) has an input schema', 'has no asynchronous checks; do those in execute'],
  },
  {
    name: 'fact-misspelt',
    parts: {
      read: planThat('z.object({ file: z.string(), fiel: z.string() })', "return planOf('SG1', { file })"),
    },
    found: 'before the gate',
    says: ['the effect plan (FILE:6) cannot start: its input schema refuses what the chart gives it (fiel: '],
  },
  {
    name: 'guard-throws',
    parts: {
      chart: planned(
        "onDone: [{ guard: () => { throw new Error('guard broke') }, target: '#DONE' }, { target: '#GATE', actions: 'learn' }],",
      ),
    },
    found: 'before the gate',
    says: ['the effect plan (FILE:6) has an outcome that the chart cannot take', 'guard broke'],
  },
  {
    name: 'context-with-promise',
    parts: {
      top: "import { assign } from 'xstate'",
      chart: planned(
        "onDone: { target: '#GATE', actions: ['learn', assign({ output: async () => ({}) })] },",
      ),
    },
    found: 'before the gate',
    says: [
      'the effect plan (FILE:6) has an outcome that the chart cannot take',
      'context.output is a Promise',
    ],
  },
  {
    name: 'no-gate',
    parts: { chart: "PENDING: work('plan', 'PAYING'), PAYING: work('pay', 'DONE'), DONE: success" },
    found: 'before the gate',
    says: [
      'PAYING asks for the write pay (FILE:10) before it has used an approval',
      'a write comes after its gate',
    ],
  },
  {
    name: 'guard-that-waits',
    parts: {
      chart: planned(
        "onDone: [{ guard: async () => false, target: '#DONE' }, { target: '#GATE', actions: 'learn' }],",
      ),
    },
    found: 'at load',
    says: ['FILE', 'state PENDING.w has an asynchronous guard', 'a guard answers at once'],
  },
  {
    name: 'no-way-when-done',
    parts: { chart: planned('') },
    found: 'at load',
    says: ['FILE', 'state PENDING.w has no transition for when plan is done (onDone)'],
  },
  {
    name: 'no-recheck',
    parts: {
      chart:
        "PENDING: work('plan', 'GATE'), GATE: gated('SG1', { work: 'pay', next: 'DONE' }), DONE: success",
    },
    found: 'at load',
    says: ['FILE', 'state GATE.checking invokes nothing', 'gated(…) takes recheck and work'],
  },
  {
    name: 'recheck-that-writes',
    parts: {
      chart:
        "PENDING: work('plan', 'GATE'), GATE: gated('SG1', { recheck: 'pay', work: 'pay', next: 'DONE' }), DONE: success",
    },
    found: 'at load',
    says: ['state GATE.checking rechecks by the write pay (FILE:10)', 'a recheck is a read'],
  },
  {
    name: 'odd-milestone',
    parts: { chart: `PENDING: work('plan', 'TO PAY'), 'TO PAY': work('plan', 'GATE'), ${GATE}` },
    found: 'at load',
    says: ['FILE', 'its milestone "TO PAY"', 'such as DRAFTED'],
  },
  {
    name: 'default-export',
    parts: { exported: 'export default' },
    found: 'at load',
    says: ['FILE', 'it exports no machine (export const machine = defineMachine'],
  },
  {
    name: 'effects-by-name',
    parts: { machine: 'effects: { plan, pay }' },
    found: 'at load',
    says: ['FILE', 'its effects are not a list, such as effects: [plan, pay]'],
  },
  {
    name: 'effects-of-one-name',
    parts: { machine: 'effects: [plan, pay, plan]' },
    found: 'at load',
    says: ['FILE', 'two effects of the name plan'],
  },
  {
    name: 'version-of-number',
    parts: { machine: 'version: 1' },
    found: 'at load',
    says: ['FILE', "its version 1 is not a valid text, such as '1'"],
  },
  {
    name: 'rejection-without-line',
    parts: {
      plan: "readFile('/no/such/file'); await new Promise((done) => setTimeout(done, 500)); return planOf('SG1', { file })",
    },
    found: 'as the process ends',
    says: [
      "where no effect waits for it: ENOENT: no such file or directory, open '/no/such/file'",
      'the effect that worked last is plan, FILE:6',
      'await each promise',
    ],
  },
  {
    name: 'probe-of-bigint',
    parts: { probe: 'return { outcome: 1n }' },
    found: 'at the live write',
    writes: 0,
    says: [
      'probe of the effect pay (FILE:10) returned the outcome 1',
      "a probe returns the outcome 'committed'",
    ],
  },
  {
    name: 'probe-of-yes-and-no',
    dies: true,
    parts: {
      probe: "return (await readFile(file, 'utf8')).includes(runId) ? true : { outcome: 'not-committed' }",
    },
    found: 'at the live write',
    writes: 1,
    says: ['probe of the effect pay (FILE:10) returned a boolean', "a probe returns the outcome 'committed'"],
  },
  {
    name: 'result-forgotten',
    parts: { execute: '' },
    found: 'at the live write',
    writes: 1,
    says: [
      'the effect pay (FILE:10)',
      'returned nothing; expected { output',
      'takes the result from the probe',
    ],
  },
  {
    name: 'result-of-itself',
    parts: { execute: 'const paid = {}; paid.paid = paid; return { output: { paid } }' },
    found: 'at the live write',
    writes: 1,
    says: ['the effect pay (FILE:10)', 'output.paid.paid contains itself', 'takes the result from the probe'],
  },
]
