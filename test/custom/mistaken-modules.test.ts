// cspell:ignore outptu
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { loadModule } from '../../src/custom/load-module.ts'
import type { Run } from '../../src/domain/run.ts'
import { approvalFor, aWorld, succeeds, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

/** Mistakes that the authors of machines make. Cutter names file, line or field of each, before a gate or a write believes it. */

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-mistakes-')))
afterAll(() => rmSync(folder, { recursive: true }))
afterAll(removeFolders)
let world: World
afterEach(() => world.store.close())

const RIGHT = {
  input: '',
  plan: "return planOf('SG1', { action: 'pay' })",
  execute: 'return { output: {} }',
  simulate: 'return { output: {} }',
  chart: `
    PENDING: work('plan', 'GATE'),
    GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }),
    DONE: success,`,
}

let serial = 0
/** Writes a module with these parts. Its effect `plan` is on line 3, its effect `pay` on line 7. */
function aModule(parts: Partial<typeof RIGHT>): string {
  const { input, plan, execute, simulate, chart } = { ...RIGHT, ...parts }
  const path = join(folder, `mistake-${++serial}.ts`)
  const source = `import { chart, defineMachine, gated, planOf, readEffect, Stop, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
const plan = readEffect({ name: 'plan', input: z.object({}), async execute() {
  ${plan}
} })

const pay = writeEffect({ name: 'pay', input: z.object({}),
  async execute() { ${execute} },
  async simulate() { ${simulate} },
  async probe() { return { outcome: 'not-committed' } } })
export const machine = defineMachine({ name: 'mistake', version: '1', input: z.object({${input}}), effects: [plan, pay],
  logic: chart({${chart}
  }) })
`
  writeFileSync(path, source)
  return path
}

async function started(path: string): Promise<Run> {
  const { machine, effects } = await loadModule(path)
  const installed = async () => ({ machine, effects, admit: async (given: never) => given })
  world = aWorld(succeeds, { parts: { installed } })
  return world.engine.start('mistake', {}, { mode: 'dry-run' })
}

test('a module without a mistake waits at its gate, and closes', async () => {
  const run = await started(aModule({}))
  expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
  const { approvalId } = await approvalFor(world, run)
  expect(await world.engine.resume(run.runId, { approvalId })).toMatchObject({ outcome: 'succeeded' })
})

describe('a planning effect does not reach the gate when it', () => {
  test.each<[string, string, string]>([
    ['returns nothing', 'return', 'execute returned nothing'],
    [
      'returns facts without a plan',
      'return { output: { a: 1 } }',
      "without a plan; return planOf('SG1', { … })",
    ],
    [
      'plans for another gate',
      "return planOf('SG2', { action: 'pay' })",
      "with the plan of another gate, SG2; return planOf('SG1', { … })",
    ],
    [
      'names a digest without the plan',
      "return { output: { planDigest: 'sha256:0' } }",
      'with a plan that is no evidence plan/SG1',
    ],
    [
      'names a digest that is no text',
      'return { output: { planDigest: 7 } }',
      'with a plan that is no evidence plan/SG1',
    ],
    ['returns a misspelt field', 'return { outptu: {} }', 'returned the field "outptu"'],
  ])('%s', async (_, plan, message) => {
    const path = aModule({ plan })
    const run = await started(path)
    expect(run).toMatchObject({ status: 'stopped', gate: null, stopCode: 'STOP_EFFECT_INVALID' })
    expect(run.stop?.message).toContain(`the effect plan (${path}:3)`)
    expect(run.stop?.message).toContain(message)
  })

  test.each<[string, string, string]>([
    ['plans a BigInt', "return planOf('SG1', { n: 10n })", 'plan/SG1 is no JSON: n is a BigInt'],
    ['plans a Date', "return planOf('SG1', { at: [new Date()] })", 'plan/SG1 is no JSON: at[0] is a Date'],
    ['throws', "throw new Error('boom')", 'boom'],
    ['throws in a call of another package', "new URL('//')", 'Invalid URL'],
    ['uses a name that is not defined', 'await context.foo()', 'context is not defined'],
  ])('%s, and the line of its own is named', async (_, plan, message) => {
    const path = aModule({ plan })
    const run = await started(path)
    expect(run).toMatchObject({ status: 'stopped', gate: null, stopCode: 'STOP_INTERNAL' })
    expect(run.stop?.message).toContain(`plan threw: ${message} (${path}:4:`)
    expect(run.stop?.data).toMatchObject({ effect: 'plan', at: expect.stringContaining(`${path}:4:`) })
  })

  test('throws a Stop with a code that does not exist', async () => {
    const run = await started(aModule({ plan: "throw new Stop('STOP_LATER', 'not now')" }))
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_EFFECT_INVALID' })
    expect(run.stop?.message).toContain(
      'threw a Stop with the code STOP_LATER, which does not exist (not now)',
    )
  })

  test('is missing, because the chart begins at the gate', async () => {
    const chart = "GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }), DONE: success"
    await expect(started(aModule({ chart }))).rejects.toThrow('brings the run to the gate SG1 without a plan')
    expect(await world.store.list({ limit: 1 })).toEqual([])
  })
})

test('a recheck that returns nothing keeps the approval and names the effect', async () => {
  const plan =
    "globalThis.planned = !globalThis.planned; return globalThis.planned ? planOf('SG1', {}) : undefined"
  const run = await started(aModule({ plan }))
  const { approvalId } = await approvalFor(world, run)
  await expect(world.engine.resume(run.runId, { approvalId })).rejects.toThrow('execute returned nothing')
  expect(await world.store.approval(approvalId)).toMatchObject({ usedSeq: null })
})

test('a simulation that returns nothing stops the run at its write', async () => {
  const path = aModule({ simulate: 'return' })
  const run = await started(path)
  const { approvalId } = await approvalFor(world, run)
  const after = await world.engine.resume(run.runId, { approvalId })
  expect(after).toMatchObject({ status: 'stopped', stopCode: 'STOP_EFFECT_INVALID' })
  expect(after.stop?.message).toContain(
    `the effect pay (${path}:7) does not fit its contract: simulate returned`,
  )
})

test('a dry run refuses a write before its gate, as a live run does', async () => {
  const chart = `PENDING: work('plan', 'EARLY'), EARLY: work('pay', 'GATE'),
    GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }), DONE: success`
  const run = await started(aModule({ chart }))
  expect(run).toMatchObject({ status: 'stopped', gate: null })
  expect(run.stop?.message).toMatch(/^EARLY asks for the write pay \(.*:7\) before it has used an approval/)
})

test.each([
  ['when: z.date()', 'its input field when is a date, which JSON cannot hold'],
  ['n: z.bigint().optional()', 'its input field n is a bigint'],
  ['limits: z.object({ low: z.array(z.coerce.date()) })', 'its input field limits is a date'],
  ['names: z.set(z.string())', 'its input field names is a set'],
])('a module with the input %s is refused when it is loaded', async (input, message) => {
  await expect(loadModule(aModule({ input }))).rejects.toThrow(message)
})

test.each([
  ['a BigInt', '{ n: 1n }', 'JSON cannot hold its chart: n is a BigInt'],
  ['itself', '(() => { const a = {}; a.a = a; return a })()', 'it throws on loading: Maximum call stack'],
])('a module whose chart holds %s is refused when it is loaded', async (_, meta, message) => {
  const chart = `PENDING: { ...work('plan', 'GATE'), meta: ${meta} },
    GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }), DONE: success`
  await expect(loadModule(aModule({ chart }))).rejects.toThrow(message)
})

test.each([
  'a: z.string().transform((text) => text.length)',
  'a: z.union([z.string(), z.number()]).default(1)',
  'a: z.any()',
])('a module with the input %s is loaded', async (input) => {
  expect((await loadModule(aModule({ input }))).machine.name).toBe('mistake')
})

test('drift of a user’s own plan names the fields that differ', async () => {
  const plan =
    "globalThis.limit = (globalThis.limit ?? 0) + 1; return planOf('SG1', { accounts: [{ id: 7, limit: globalThis.limit }] })"
  const run = await started(aModule({ plan }))
  const { approvalId } = await approvalFor(world, run)
  await expect(world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject({
    data: { reason: 'DRIFT', differences: ['accounts[0].limit: 1 → 2'] },
  })
})
