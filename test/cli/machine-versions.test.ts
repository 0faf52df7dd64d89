import { mkdirSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { aCutterHome, anotherBuild, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { historyOf, rehearse, rehearseOn, resume } from '../support/cli-steps.ts'

/** Two versions of a user's own machine, through the built command line. */

const homes: CutterHome[] = []
afterEach(async () => {
  await Promise.all(homes.splice(0).map((home) => home.remove()))
})

const version = (name: string, { upgrade = '', context = '' } = {}) => `
import { chart, defineMachine, gated, planOf, readEffect, success, work } from 'cutter'
import { z } from 'zod'
const input = z.object({ title: z.string() })
const plan = readEffect({ name: 'plan', input, execute: async (_, { title }) => planOf('SG1', { title }, { title }) })
const print = readEffect({
  name: 'print',
  input: z.object({ title: z.string()${context} }),
  execute: async (_, given) => ({ output: { report: { printed: given } } }),
})
export const machine = defineMachine({
  name: 'printer', version: '${name}', input, effects: [plan, print],
  ${upgrade}
  logic: chart({
    PENDING: work('plan', 'AWAITING'),
    AWAITING: gated('SG1', { recheck: 'plan', work: 'print', next: 'DONE' }),
    DONE: success,
  }),
})
`
const UPGRADE = `upgrade: {
    '1': {
      schema: z.looseObject({ facts: z.object({ title: z.string() }) }),
      migrate: (old) => ({ ...old, context: { ...old.context, facts: { ...old.context.facts, copies: 2 } } }),
    },
  },`
const SECOND = version('2', { upgrade: UPGRADE, context: ', copies: z.number()' })

async function atGate() {
  const at = aCutterHome()
  homes.push(at)
  mkdirSync(at.path('mine'))
  at.file('mine/printer.ts', version('1'))
  const run = jsonOf(await at.cutter(['run', 'start', 'mine/printer.ts', '--title', 'Charter', '--json']))
  expect(run).toMatchObject({ status: 'paused', version: '1' })
  return { at, run }
}

const errorOf = (answer: Awaited<ReturnType<typeof resume>>) => jsonOf<{ error: ErrorJson }>(answer).error
const check = async (at: CutterHome, ...options: string[]) => {
  const { code, stdout } = await at.cutter(['machine', 'check', ...options, '--json'])
  return [code, JSON.parse(stdout).map(({ verdict }: { verdict: string }) => verdict)]
}

describe('a run that waits while its machine gets a new version', () => {
  test('machine check and machine test say before the module is replaced which runs it would strand', async () => {
    const { at, run } = await atGate()
    const verdictOn = async (source: string) => {
      const file = at.file('next.ts', source)
      const checked = await at.cutter(['machine', 'check', file, '--json'])
      const tested = await at.cutter(['machine', 'test', file, '--title', 'Charter', '--json'])
      const runs = JSON.parse(tested.stdout).runs as { runId: string; verdict: string }[]
      expect(JSON.parse(checked.stdout)).toEqual(runs)
      return [checked.code, tested.code, runs.map(({ runId, verdict }) => [runId, verdict])]
    }
    const changed = version('1').replace('{ printed: given }', '{ printed: given, at: 1 }')
    expect(await verdictOn(changed)).toEqual([3, 3, [[run.runId, 'stranded']]])
    expect(await verdictOn(SECOND)).toEqual([0, 1, [[run.runId, 'upgrade']]])
    expect((await rehearseOn(at, run.runId)).code).toBe(0)
  })

  test('doctor names the runs that a replaced module strands', async () => {
    const { at, run } = await atGate()
    at.file('mine/printer.ts', version('2'))
    const findings = JSON.parse((await at.cutter(['doctor', '--json'])).stdout) as { message: string }[]
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'machines of open runs',
        status: 'warn',
        message: expect.stringContaining(`${run.runId} of printer 1 is stranded`),
      }),
    )
    const examined = await at.cutter(['doctor', '--runs', '--json'])
    expect([examined.code, JSON.parse(examined.stdout)]).toEqual([
      3,
      [
        expect.objectContaining({
          ...{ runId: run.runId, isStranded: true },
          blockers: [expect.objectContaining({ reason: 'MACHINE_CHANGED' })],
        }),
      ],
    ])
  })

  test('a waiting run is upgraded by resume, needs another approval, and its history holds', async () => {
    const { at, run } = await atGate()
    const { approvalId } = await rehearse(at, run.runId)
    at.file('mine/printer.ts', SECOND)
    expect(await check(at)).toEqual([3, ['untried']])
    expect(await check(at, '--load-changed')).toEqual([0, ['upgrade']])

    const waits = await resume(at, run.runId)
    expect([waits.code, errorOf(waits).code, jsonOf(waits).planDigest]).toEqual([
      3,
      'APPROVAL_REQUIRED',
      run.planDigest,
    ])
    const old = await resume(at, run.runId, approvalId)
    expect([old.code, errorOf(old).reason]).toEqual([3, 'OTHER_ARRIVAL'])
    const closed = await rehearseOn(at, run.runId)
    expect([closed.code, jsonOf(closed).output.printed]).toEqual([0, { title: 'Charter', copies: 2 }])

    const entries = await historyOf(at, run.runId)
    expect(entries.filter(({ event }) => event.type === 'cutter.upgraded')).toMatchObject([
      {
        seq: 3,
        event: { from: { version: '1' }, to: { version: '2' } },
        state: 'AWAITING',
        status: 'paused',
      },
    ])
    const verified = await at.cutter(['run', 'history', run.runId, '--verify'])
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining('holds')])
    expect((await at.cutter(['run', 'export', run.runId, '--out', 'run.tar'])).code).toBe(0)
    const bundle = await at.cutter(['verify', 'run.tar', '--integrity-only', '--json'])
    expect([bundle.code, JSON.parse(bundle.stdout)]).toMatchObject([
      0,
      { holds: true, firstFault: null, outcome: 'gates unknown' },
    ])
  })

  test('a waiting run is refused unchanged where the new version has no fitting upgrade', async () => {
    const { at, run } = await atGate()
    for (const source of [
      version('2'),
      SECOND.replace('facts: z.object({ title', 'facts: z.object({ heading'),
    ]) {
      at.file('mine/printer.ts', source)
      const refused = await resume(at, run.runId)
      expect([refused.code, errorOf(refused).code]).toEqual([3, 'MACHINE_CHANGED'])
      expect(await check(at, '--load-changed')).toEqual([3, ['stranded']])
      expect(await historyOf(at, run.runId)).toHaveLength(2)
    }
    at.file('mine/printer.ts', version('1'))
    expect((await rehearseOn(at, run.runId)).code).toBe(0)
  })
})

test('a run of a shipped machine waits in the same build and is stranded in an unreleased one', async () => {
  const at = aCutterHome()
  homes.push(at)
  at.file('charter.md', '# Charter\n\n## Article 1\n\nBread.\n')
  const start = ['run', 'start', 'cut', '--document', 'CHARTER', '--source', 'charter.md', '--json']
  const { runId } = jsonOf(await at.cutter(start))
  expect(errorOf(await resume(at, runId)).code).toBe('APPROVAL_REQUIRED')
  const program = anotherBuild(at)
  const other = await at.cutter(['run', 'resume', runId, '--json'], { program })
  expect([other.code, errorOf(other).code]).toEqual([3, 'MACHINE_CHANGED'])
  const checked = await at.cutter(['machine', 'check', '--json'], { program })
  expect([checked.code, JSON.parse(checked.stdout)[0].verdict]).toEqual([3, 'stranded'])
})
