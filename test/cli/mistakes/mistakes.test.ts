import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf, type RunJson } from '../../support/cli.ts'
import { ALICE, aSigner, enableExecution, LIVE, rehearse, resume, sign } from '../../support/cli-steps.ts'
import { describeWithKeys } from '../../support/ssh-keys.ts'
import { MISTAKES, type Mistake, moduleOf } from './mistakes.ts'

/**
 * Each mistake of an author goes through the doors of the built program: `machine check`, `machine test`, and runs, dry and live. Every answer
 * names the place and the fix. None writes twice, and none reaches a gate without its plan.
 */

const CAPS = 'caps: { steps: 100 }\n'

describeWithKeys('a mistake of an author', () => {
  let at: CutterHome
  let key: string
  beforeAll(async () => {
    at = aCutterHome(LIVE + CAPS)
    key = aSigner(at, ALICE, 'cutter.*')
    await enableExecution(at)
  })
  afterAll(() => at.remove())

  const paidTo = (name: string) => at.path(`${name}.paid`)
  const flags = (name: string) => ['--file', paidTo(name)]

  function expectSays(answer: Answer | string, { name, says }: Mistake): void {
    const text = typeof answer === 'string' ? answer : `${answer.stdout}${answer.stderr}`
    for (const one of says) expect(text).toContain(one.replaceAll('FILE', at.path(`${name}.ts`)))
  }

  /** A run that is at its gate has the plan of that gate. */
  async function expectPlan({ runId, gate, planDigest }: RunJson): Promise<void> {
    if (gate === null) return
    expect(planDigest).toMatch(/^sha256:/)
    expect((await at.cutter(['run', 'plan', runId])).code).toBe(0)
  }

  const start = (name: string, mode: string) =>
    at.cutter(['run', 'start', `./${name}.ts`, ...flags(name), '--mode', mode, '--by', 'bot', '--json'])

  const stopText = ({ stop }: RunJson) => `${stop?.message} ${stop?.next}`

  const writesOf = ({ runId }: RunJson, name: string) =>
    readFileSync(paidTo(name), 'utf8').split(`paid ${runId}\n`).length - 1

  async function foundAtLoad(mistake: Mistake): Promise<void> {
    for (const verb of ['check', 'test']) {
      const more = verb === 'test' ? flags(mistake.name) : []
      const answer = await at.cutter(['machine', verb, `./${mistake.name}.ts`, ...more])
      expect([1, 2]).toContain(answer.code)
      expectSays(answer, mistake)
    }
    for (const mode of ['dry-run', 'live']) {
      const answer = await start(mistake.name, mode)
      expect([1, 2]).toContain(answer.code)
      expectSays(answer.stderr, mistake)
    }
  }

  async function foundBeforeGate(mistake: Mistake): Promise<void> {
    const { name, says } = mistake
    if (mistake.isTested !== false) {
      const tested = await at.cutter(['machine', 'test', `./${name}.ts`, ...flags(name)])
      expect(tested.code).toBe(1)
      expectSays(tested, { ...mistake, says: says.slice(0, 1) })
    }
    for (const mode of ['dry-run', 'live']) {
      const answer = await start(name, mode)
      const run = jsonOf(answer)
      expect([answer.code, run.status, run.gate]).toEqual([3, 'stopped', null])
      expectSays(stopText(run), mistake)
    }
  }

  async function foundAsProcessEnds(mistake: Mistake): Promise<void> {
    const tested = await at.cutter(['machine', 'test', `./${mistake.name}.ts`, ...flags(mistake.name)])
    expect(tested.code).toBe(1)
    expectSays(tested, mistake)
    for (const mode of ['dry-run', 'live']) {
      const answer = await start(mistake.name, mode)
      expect(answer.code).toBe(1)
      expectSays(answer.stderr, mistake)
    }
  }

  async function foundAtRecheck(mistake: Mistake): Promise<void> {
    const tested = await at.cutter(['machine', 'test', `./${mistake.name}.ts`, ...flags(mistake.name)])
    expect([tested.code, tested.stdout]).toEqual([1, expect.stringContaining('its plan differs each time')])
    for (const mode of ['dry-run', 'live']) {
      const run = jsonOf(await start(mistake.name, mode))
      await expectPlan(run)
      const { approvalId } = mode === 'live' ? await sign(at, run.runId, key) : await rehearse(at, run.runId)
      const answer = await at.cutter(['run', 'resume', run.runId, '--approval', approvalId])
      expect(answer.code).toBe(3)
      expectSays(answer, mistake)
      expect(writesOf(run, mistake.name)).toBe(0)
    }
  }

  async function foundAtLiveWrite(mistake: Mistake): Promise<void> {
    const { name, dies, writes } = mistake
    const run = jsonOf(await start(name, 'live'))
    await expectPlan(run)
    const { approvalId } = await sign(at, run.runId, key)
    if (dies) {
      const killed = { env: { ...at.env, DIE: '1' } }
      await expect(at.cutter(['run', 'resume', '--approval', approvalId], killed)).rejects.toThrow('SIGKILL')
    }
    const first = jsonOf(await (dies ? resume(at, run.runId) : resume(at, run.runId, approvalId)))
    expect(first.status).toBe('stopped')
    expectSays(stopText(first), mistake)
    // Whatever its author does next, the write is not done again.
    for (let times = 0; times < 2; times += 1) await resume(at, run.runId)
    expect(writesOf(run, name)).toBe(writes)
  }

  const ways: { [found in Mistake['found']]: (mistake: Mistake) => Promise<void> } = {
    'at load': foundAtLoad,
    'before the gate': foundBeforeGate,
    'as the process ends': foundAsProcessEnds,
    'at the recheck': foundAtRecheck,
    'at the live write': foundAtLiveWrite,
  }

  const named = MISTAKES.map((mistake) => [mistake.name, mistake.found, mistake] as const)
  test.each(named)(
    '%s is named %s, with its fix',
    async (_, _found, mistake) => {
      at.file(`${mistake.name}.ts`, moduleOf(mistake.name, mistake.parts))
      at.file(`${mistake.name}.paid`, '')
      await ways[mistake.found](mistake)
      const { found, name } = mistake
      if (found !== 'at the live write') expect(readFileSync(paidTo(name), 'utf8')).toBe('')
    },
    180_000,
  )

  describe('none', () => {
    test('a module without a mistake passes all doors', async () => {
      at.file('right.ts', moduleOf('right', {}))
      at.file('right.paid', '')
      expect((await at.cutter(['machine', 'check', './right.ts'])).code).toBe(0)
      expect((await at.cutter(['machine', 'test', './right.ts', ...flags('right')])).code).toBe(0)
      const run = jsonOf(await start('right', 'live'))
      await expectPlan(run)
      const { approvalId } = await sign(at, run.runId, key)
      expect(jsonOf(await resume(at, run.runId, approvalId)).outcome).toBe('succeeded')
      expect(writesOf(run, 'right')).toBe(1)
    })
  })
})
