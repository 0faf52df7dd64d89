import { copyFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner } from '../support/cli-steps.ts'
import { serve } from '../support/serving-program.ts'
import { onTerminal } from '../support/terminal.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let at: CutterHome
let key: string
let runId: string

beforeAll(async () => {
  at = aCutterHome('machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\n')
  copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
  at.file('service.key', 'a key\n')
  key = aSigner(at, ALICE, 'cutter.*')
  await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'a test'])
  const started = ['run', 'start', 'rotate-keys', '--file', 'service.key', '--mode', 'live', '--json']
  runId = jsonOf(await at.cutter(started)).runId
})
afterAll(() => at.remove())

/** Runs a review on a terminal, and answers its question. */
const reviewOnTerminal = (types: string, early = '') =>
  onTerminal(at, ['run', 'review', runId, '--as', ALICE, '--key', key], { to: '[y/N]', types, early })

const approvals = async () =>
  jsonOf<{ approver: string; planDigest: string }[]>(await at.cutter(['approval', 'list', runId, '--json']))

describe('run review', () => {
  test('shows plan, differences, what can’t be taken back, and who may sign', async () => {
    const { code, stdout } = await at.cutter(['run', 'review', runId])
    expect(code).toBe(0)
    for (const text of ['final   a yes leads', 'needs   1 approval, has 0', `may     ${ALICE}`])
      expect(stdout).toContain(text)
    // Its last check can’t be asked without writes, so that nobody knows.
    expect(stdout).toMatch(/^world {3}as last seen .*; not looked at now: the last check of this gate/m)
    const plan = await at.cutter(['run', 'plan', runId, '--format', 'markdown'])
    expect(stdout).toContain(plan.stdout.trim().split('\n')[0])
  })

  test('shows what would refuse an approval now', async () => {
    await at.cutter(['hold', 'on', '--reason', 'a test'])
    const held = await at.cutter(['run', 'review', runId])
    await at.cutter(['hold', 'off'])
    expect(held.stdout).toMatch(/^refuses ON_HOLD: .*a test/m)
    expect((await at.cutter(['run', 'review', runId])).stdout).not.toMatch(/^refuses /m)
  })

  test('asks nobody without a terminal, and signs nothing', async () => {
    const { code, stderr } = await at.cutter(['run', 'review', runId, '--as', ALICE, '--key', key])
    expect([code, await approvals()]).toEqual([2, []])
    expect(stderr).toContain('cutter approval sign')
  })

  test('signs nothing after a no', async () => {
    const { code, text } = await reviewOnTerminal('n')
    expect([code, await approvals()]).toEqual([0, []])
    expect(text).toContain('nothing was signed')
  })

  test.each(['y\n', 'y', 'yes\n\ny\n'])(
    'takes no answer that was typed before its question: %j',
    async (early) => {
      const { code, text } = await reviewOnTerminal('', early)
      expect([code, await approvals()]).toEqual([0, []])
      expect(text).toContain('nothing was signed')
    },
  )

  test('signs the plan that was shown after a yes', async () => {
    const { code, text } = await reviewOnTerminal('y')
    expect(code, text).toBe(0)
    const { planDigest } = jsonOf(await at.cutter(['run', 'show', runId, '--json']))
    expect(await approvals()).toMatchObject([{ approver: ALICE, planDigest }])
  })

  test('signs here with the key, where a service keeps the run', async () => {
    const service = await serve(at)
    try {
      const { code, text } = await reviewOnTerminal('y')
      expect(code, text).toBe(0)
      expect(text).toContain('signed')
      expect((await approvals()).length).toBe(2)
      const refused = await reviewOnTerminal('')
      expect(refused.text).toContain('nothing was signed')
      expect((await approvals()).length).toBe(2)
    } finally {
      await service.end('SIGTERM')
    }
  })
})

test('run graph draws the chart on a terminal, with the state marked', async () => {
  const { stdout } = await at.cutter(['run', 'graph', runId], { env: { COLUMNS: '80' } })
  const here = stdout.split('\n').find((line) => line.startsWith('▶'))
  expect(here).toContain('‖ AWAITING_APPROVAL   gate SG1')
  expect(stdout).toMatch(/^ {2}✓ PENDING$/m)
  expect(stdout).toMatch(/^ {2}○ CLOSEOUT_REPORTED {3}end: succeeded$/m)
  expect(stdout).toContain('from every open state: CANCEL → CANCELLED')
  expect((await at.cutter(['run', 'graph', runId])).stdout).toContain('stateDiagram-v2')
})

test('run report --html writes one page, which is not overwritten', async () => {
  const args = ['run', 'report', runId, '--html', '--out', 'page.html']
  expect((await at.cutter(args)).code).toBe(0)
  expect((await at.cutter(args)).code).toBe(2)
  expect((await at.cutter(['run', 'report', runId, '--out', 'other.html'])).code).toBe(2)
  const { stdout } = await at.cutter(['run', 'report', runId, '--html', '--out', '-'])
  expect(stdout).toMatch(/^<!doctype html>[\s\S]*<h2>Timeline<\/h2>[\s\S]*<\/html>\n$/)
})
