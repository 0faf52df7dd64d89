// cspell:ignore plann commited evidences outptu
import { HABITS } from './habits.ts'

/** Mistakes that the authors of machines make, as parts of one module. */

export interface Parts {
  /** Lines at the top, after the imports. */
  top: string
  /** Fields of the input besides `file`. */
  input: string
  plan: string
  execute: string
  simulate: string
  probe: string
  /** The complete read effect, where it differs in more than its function. */
  read: string
  /** The complete write effect, where it differs in more than its functions. */
  write: string
  chart: string
  machine: string
  /** How the module exports its machine. */
  exported: string
}

export interface Mistake {
  name: string
  parts: Partial<Parts>
  /** What the answer names: file, line, field or state, and the fix. Each is looked for in the text of the answer. */
  says: string[]
  /**
   * Where it is found: no door loads it; a run stops before its gate; the last check of the world refuses the approval; only the live write
   * meets it; the process ends, and its run is left at work.
   */
  found: 'at load' | 'before the gate' | 'at the recheck' | 'at the live write' | 'as the process ends'
  /** How often the live write is done at the end. */
  writes?: 0 | 1
  /** False where `machine test` would take as many steps as its cap allows. */
  isTested?: false
  /** The live resume is killed right after its write. */
  dies?: true
}

const RIGHT: Parts = {
  top: '',
  input: '',
  plan: "return planOf('SG1', { action: 'pay', file })",
  execute: 'return { output: {} }',
  simulate: 'return { output: {} }',
  probe:
    "return (await readFile(file, 'utf8')).includes(runId) ? { outcome: 'committed', output: {} } : { outcome: 'not-committed' }",
  read: '',
  write: '',
  chart: `
  PENDING: work('plan', 'GATE'),
  GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }),
  DONE: success,`,
  machine: '',
  exported: 'export const machine =',
}

/** A module with these parts. `top` is on line 4, the effect plan on line 6, what it does on line 7, the effect pay on line 10. */
export function moduleOf(name: string, parts: Partial<Parts>): string {
  const { top, input, plan, execute, simulate, probe, read, write, chart, machine, exported } = {
    ...RIGHT,
    ...parts,
  }
  const effect = `const pay = writeEffect({ name: 'pay', input,
  async execute({ runId }, { file }) { await appendFile(file, 'paid ' + runId + '\\n'); if (process.env.DIE) process.kill(process.pid, 'SIGKILL'); ${execute} },
  async simulate() { ${simulate} },
  async probe({ runId }, { file }) { ${probe} } })`
  const planning = `const plan = readEffect({ name: 'plan', input: z.object({ file: z.string() }), async execute(context, { file }) {
  ${plan}
} })`
  return `import { appendFile, readFile } from 'node:fs/promises'
import { chart, closed, defineMachine, gated, planOf, readEffect, Stop, stopped, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
${top}
const input = z.object({ file: z.string(), ${input} })
${read === '' ? planning : read}

${write === '' ? effect : write}
${exported} defineMachine({ name: '${name}', version: '1', input, effects: [plan, pay], logic: chart({${chart} }), ${machine} })
`
}

const FIX_EFFECT = 'correct the machine; docs/machines.md has the contract of effects'
const FIX_THROWN = 'correct the machine, end this run (cutter run cancel'
const GATE = "GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }), DONE: success"
/** A run that goes round without a person. `leave` is what leads to its stop. */
const circle = (leave: string) => `
  PENDING: { initial: 'a', states: {
    a: { invoke: { id: 'plan', src: 'plan', input: ({ context }) => context.input, onDone: 'b', ${leave} } },
    b: { invoke: { id: 'again', src: 'plan', input: ({ context }) => context.input, onDone: 'a', ${leave} } },
    s: { meta: stopped, on: { RETRY: 'a' } } } },
  DONE: success,`

/** The chart breaks when it takes the outcome of the write. */
const THROWING = `PENDING: work('plan', 'GATE'),
  GATE: gated('SG1', { recheck: 'plan', authorized: { initial: 'working', states: {
    working: { invoke: { id: 'pay', src: 'pay', input: ({ context }) => context.input,
      onDone: { target: '#DONE', actions: [assign(() => { throw new Error('assign broke') }), 'dropApproval'] },
      onError: { target: 'stopped', actions: 'stop' } } },
    stopped: { meta: stopped, on: { RETRY: 'working' } } } } }),
  DONE: success`

const HANDED: Mistake[] = [
  {
    name: 'package-not-there',
    parts: { top: "import _ from 'lodash'" },
    found: 'at load',
    says: ['FILE:4 imports lodash', 'npm install lodash'],
  },
  {
    name: 'no-probe',
    parts: {
      write:
        "const pay = writeEffect({ name: 'pay', input, execute: async () => ({ output: {} }), simulate: async () => ({ output: {} }) })",
    },
    found: 'at load',
    says: ['its write effect pay (FILE:10) has no probe', "probe answers { outcome: 'committed'"],
  },
  {
    name: 'plan-throws',
    parts: { plan: "throw new Error('boom in plan')" },
    found: 'before the gate',
    says: ['plan threw: boom in plan (FILE:7:', FIX_THROWN],
  },
  {
    name: 'effect-misspelt',
    parts: { chart: `PENDING: work('plann', 'GATE'), ${GATE}` },
    found: 'at load',
    says: ['state PENDING.working asks for the effect plann', "among the machine's effects (plan, pay)"],
  },
  {
    name: 'plan-with-date',
    parts: { plan: "return planOf('SG1', { at: new Date(), n: 10n })" },
    found: 'before the gate',
    says: ['plan/SG1 is no JSON: at is a Date (FILE:7:', FIX_THROWN],
  },
  {
    name: 'plan-of-other-gate',
    parts: { plan: "return planOf('SG2', { file })" },
    found: 'before the gate',
    says: ['the effect plan (FILE:6)', 'the plan of another gate, SG2', "return planOf('SG1', { … })"],
  },
  {
    name: 'no-plan',
    parts: { plan: 'return { output: { before: 1 } }' },
    found: 'before the gate',
    says: ['the effect plan (FILE:6)', 'without a plan', "return planOf('SG1', { … })"],
  },
  {
    name: 'returns-nothing',
    parts: { plan: 'return' },
    found: 'before the gate',
    says: ['the effect plan (FILE:6)', 'returned nothing; expected { output', FIX_EFFECT],
  },
  {
    name: 'input-with-date',
    parts: { input: 'when: z.date()' },
    found: 'at load',
    says: ['its input field when is a date', 'such as z.iso.datetime()'],
  },
  {
    name: 'write-before-gate',
    parts: { chart: `PENDING: work('plan', 'EARLY'), EARLY: work('pay', 'GATE'), ${GATE}` },
    found: 'before the gate',
    says: [
      'EARLY asks for the write pay (FILE:10) before it has used an approval',
      'a write comes after its gate',
    ],
  },
  {
    name: 'probe-of-no-outcome',
    parts: { probe: "return { outcome: 'no' }" },
    found: 'at the live write',
    writes: 0,
    says: [
      'probe of the effect pay (FILE:10) returned the outcome "no"',
      "a probe returns the outcome 'committed'",
    ],
  },
  {
    name: 'probe-misspelt',
    dies: true,
    parts: {
      probe:
        "return (await readFile(file, 'utf8')).includes(runId) ? { outcome: 'commited', output: {} } : { outcome: 'not-committed' }",
    },
    found: 'at the live write',
    writes: 1,
    says: [
      'probe of the effect pay (FILE:10) returned the outcome "commited"',
      "a probe returns the outcome 'committed'",
    ],
  },
  {
    name: 'name-not-defined',
    parts: { plan: "const n: number = 'a'; await missing.call(); return planOf('SG1', { n })" },
    found: 'before the gate',
    says: ['plan threw: missing is not defined (FILE:7:', FIX_THROWN],
  },
  {
    name: 'circle',
    isTested: false,
    parts: { chart: circle("onError: { target: 's', actions: 'stop' }") },
    found: 'before the gate',
    says: ['its cap (caps.steps)', '(FILE:6) was not started', 'correct a chart that leads in a circle'],
  },
  {
    name: 'circle-without-reason',
    isTested: false,
    parts: { chart: circle("onError: 's'") },
    found: 'before the gate',
    says: ['its cap (caps.steps)', 'correct a chart that leads in a circle'],
  },
]

const OURS: Mistake[] = [
  {
    name: 'path-not-there',
    parts: { top: "import { helper } from './helper.ts'" },
    found: 'at load',
    says: ['FILE:4 imports ./helper.ts', 'correct the path'],
  },
  {
    name: 'throws-at-load',
    parts: { top: "throw new Error('no licence')" },
    found: 'at load',
    says: ['it throws on loading: no licence', 'FILE:4:'],
  },
  {
    name: 'exits-at-load',
    parts: { top: 'process.exit(0)' },
    found: 'at load',
    says: ['a machine may not end the process (process.exit)', 'FILE:4:', 'throw an error'],
  },
  {
    name: 'waits-at-load',
    parts: { top: 'await new Promise(() => {})' },
    found: 'at load',
    says: ['FILE was being loaded, and awaits what never happens', 'correct the module'],
  },
  { name: 'syntax', parts: { plan: 'return planOf(' }, found: 'at load', says: ['FILE:8:', "can't be read"] },
  {
    name: 'no-success',
    parts: {
      chart:
        "PENDING: work('plan', 'GATE'), GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }), DONE: { type: 'final', meta: closed('failed') }",
    },
    found: 'at load',
    says: ["no end in success: a final state with meta: closed('succeeded')"],
  },
  {
    name: 'always',
    parts: { chart: `PENDING: work('plan', 'ON'), ON: { always: '#GATE' }, ${GATE}` },
    found: 'at load',
    says: ['state ON leaves at once with always'],
  },
  {
    name: 'flag-taken',
    parts: { input: 'mode: z.string()' },
    found: 'at load',
    says: ["its input field mode can't be a flag"],
  },
  {
    name: 'name-of-shipped',
    parts: { machine: "name: 'deploy'" },
    found: 'at load',
    says: ['its name deploy is the name of a machine that ships'],
  },
  {
    name: 'exits-in-plan',
    parts: { plan: 'process.exit(0)' },
    found: 'before the gate',
    says: ['plan threw: a machine may not end the process (process.exit): throw an error', '(FILE:7:'],
  },
  {
    name: 'kills-its-process',
    parts: { plan: "process.kill(process.pid); return planOf('SG1', { file })" },
    found: 'before the gate',
    says: ['plan threw: a machine may not end the process (process.kill): throw an error', '(FILE:7:'],
  },
  {
    name: 'leaves-its-folder',
    parts: { plan: "process.chdir('/'); return planOf('SG1', { file })" },
    found: 'before the gate',
    says: ['a machine may not change the working folder', 'use absolute paths (FILE:7:'],
  },
  {
    name: 'throws-a-text',
    parts: { plan: "throw 'no'" },
    found: 'before the gate',
    says: ['plan threw: "no", which is no Error', 'FILE:6', FIX_THROWN],
  },
  {
    name: 'stop-that-is-none',
    parts: { plan: "throw new Stop('STOP_LATER', 'not now')" },
    found: 'before the gate',
    says: ['(FILE:6) threw a Stop with the code STOP_LATER, which does not exist', FIX_EFFECT],
  },
  {
    name: 'field-misspelt',
    parts: { plan: 'return { outptu: {} }' },
    found: 'before the gate',
    says: ['(FILE:6)', 'returned the field "outptu"; a result has output, evidence'],
  },
  {
    name: 'rejection-nobody-awaits',
    parts: {
      plan: "Promise.reject(new Error('afloat')); await new Promise((done) => setTimeout(done, 500)); return planOf('SG1', { file })",
    },
    found: 'as the process ends',
    says: ['where no effect waits for it: afloat (FILE:7:', 'await each promise'],
  },
  {
    name: 'exits-in-a-timer',
    parts: {
      plan: "setTimeout(() => process.exit(0), 1); await new Promise((done) => setTimeout(done, 500)); return planOf('SG1', { file })",
    },
    found: 'as the process ends',
    says: ['a machine may not end the process (process.exit)', 'FILE:7:'],
  },
  {
    name: 'random-plan',
    parts: { plan: "return planOf('SG1', { r: Math.random() })" },
    found: 'at the recheck',
    says: ['differs: r: '],
  },
  {
    name: 'assignment-throws',
    parts: { top: "import { assign } from 'xstate'", chart: THROWING },
    found: 'at the live write',
    writes: 1,
    says: ['the effect pay (FILE:10) has an outcome that the chart cannot take', 'assign broke'],
  },
  {
    name: 'result-of-bigint',
    parts: { execute: 'return { output: { n: 10n } }' },
    found: 'at the live write',
    writes: 1,
    says: [
      'the effect pay (FILE:10)',
      'output.n is a BigInt. Its probe says that the write was committed',
      'takes the result from the probe and writes nothing',
    ],
  },
  {
    name: 'evidence-misspelt',
    parts: { execute: 'return { output: {}, evidences: [] }' },
    found: 'at the live write',
    writes: 1,
    says: [
      'the effect pay (FILE:10)',
      'returned the field "evidences"; a result has output, evidence',
      'takes the result from the probe',
    ],
  },
  {
    name: 'probe-throws',
    parts: { probe: "throw new Error('no route')" },
    found: 'at the live write',
    writes: 0,
    says: ['it is not known whether pay was committed: no route (FILE:13:', 'asks the target again'],
  },
  {
    name: 'probe-returns-nothing',
    dies: true,
    parts: {
      probe:
        "if ((await readFile(file, 'utf8')).includes(runId)) return; return { outcome: 'not-committed' }",
    },
    found: 'at the live write',
    writes: 1,
    says: ['probe of the effect pay (FILE:10) returned nothing', "a probe returns the outcome 'committed'"],
  },
]

export const MISTAKES: Mistake[] = [...HANDED, ...OURS, ...HABITS]
