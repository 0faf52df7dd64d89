import { copyFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linesOfInbox } from '../../src/cli/inbox.ts'
import { renderLine } from '../../src/cli/line.ts'
import { csvOf } from '../../src/cli/list-output.ts'
import { widthOf } from '../../src/cli/text-width.ts'
import type { Inbox } from '../../src/service/inbox.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, rehearse } from '../support/cli-steps.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const BOB = 'bob@example.org'

const anItem = (text: string): Inbox['items'][number] => ({
  runId: 'ictr-20261129T115900Z-0f3a9c1d',
  machine: text,
  mode: 'live',
  status: 'paused',
  state: text,
  gate: text,
  about: text,
  since: '2026-11-29T11:00:00.000Z',
  startedBy: text,
  isFinal: true,
  need: 2,
  have: [text],
  may: [text, text],
  expiresAt: '2026-11-30T11:00:00.000Z',
  readyApproval: null,
  why: text,
  next: text,
})

test('every line of an inbox fits the terminal', () => {
  const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 120 }), fc.constantFrom('憲章'.repeat(40)))
  fc.assert(
    fc.property(anyText, fc.integer({ min: 40, max: 200 }), (text, width) => {
      const items = [anItem(text), { ...anItem(text), status: 'stopped' as const, gate: null }]
      const found = { at: '', items, more: 3, next: null, working: 1 }
      const lines = linesOfInbox(found, { width, now: new Date('2026-11-29T12:00:00.000Z'), as: text })
      for (const line of lines) expect(widthOf(renderLine(line, false))).toBeLessThanOrEqual(width)
    }),
  )
})

test.each([
  [7, '7 more wait'],
  [999, '999 more wait'],
  [1_000, 'at least 1000 more wait'],
])('an inbox that leaves %i runs out says how many', (more, text) => {
  const found = { at: '', items: [anItem('x')], more, next: null, working: 0 }
  const lines = linesOfInbox(found, { width: 80, now: new Date('2026-11-29T12:00:00.000Z') })
  expect(renderLine(lines.at(-1)!, false)).toBe(text)
})

describe('csvOf', () => {
  test.each([
    ['a comma', 'a,b', '"a,b"'],
    ['a quote', 'a"b', '"a""b"'],
    ['a line end', 'a\nb', 'a\\nb'],
    ['a formula', '=1+1', "'=1+1"],
    ['a command', '@SUM(A1)', "'@SUM(A1)"],
    ['nothing', null, ''],
    ['a list', ['a', 'b'], '"[""a"",""b""]"'],
  ])('csvOf keeps %s in one cell', (_, value, cell) => {
    expect(csvOf(['x', 'y'], [{ x: value, y: 1 }])).toBe(`x,y\n${cell},1\n`)
  })
})

describe('cutter inbox', () => {
  let at: CutterHome
  let runId: string

  beforeAll(async () => {
    at = aCutterHome(
      `machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\napprovals: { policy: { rotate-keys.SG1: { of: ['${ALICE}'] } } }\n`,
    )
    copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
    at.file('service.key', 'a key\n')
    aSigner(at, ALICE, 'cutter.*')
    aSigner(at, BOB, 'cutter.*')
    await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'a test'])
    const started = ['run', 'start', 'rotate-keys', '--file', 'service.key', '--mode', 'live', '--json']
    runId = jsonOf(await at.cutter(started)).runId
  })
  afterAll(() => at.remove())

  const at80 = async (...args: string[]) => (await at.cutter(args, { env: { COLUMNS: '80' } })).stdout

  test('names the run, its gate and who may approve', async () => {
    const text = await at80('inbox')
    expect(text).toContain('‖ SG1')
    expect(text).toContain(runId.slice(-8))
    expect(text).toContain(`0 of 1 approval; may approve: ${ALICE}`)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('with --as lists only what that principal may approve, and counts the others', async () => {
    expect(await at80('inbox', '--as', ALICE)).toContain(runId.slice(-8))
    expect(await at80('inbox', '--as', BOB)).toBe(`nothing waits for ${BOB}, 1 wait for others or for help\n`)
    expect(jsonOf<Inbox>(await at.cutter(['inbox', '--as', BOB, '--json']))).toMatchObject({
      items: [],
      more: 1,
    })
  })

  test('continues an earlier inbox, and refuses a cursor that none named', async () => {
    const cursor = Buffer.from(JSON.stringify({ livePaused: { since: '9999', runId: '' } })).toString(
      'base64url',
    )
    const found = jsonOf<Inbox>(await at.cutter(['inbox', '--cursor', cursor, '--json']))
    expect(found).toMatchObject({ items: [], more: 1, next: null })
    const refused = await at.cutter(['inbox', '--cursor', 'x'])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('the cursor is not one')])
  })

  test('and run list print lists for programs', async () => {
    const lines = (await at.cutter(['inbox', '--output', 'jsonl'])).stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).runId)).toEqual([runId])
    const [head, row] = (await at.cutter(['run', 'list', '--output', 'csv'])).stdout.split('\n')
    expect(head).toMatch(/^runId,machine,/)
    expect(row).toMatch(new RegExp(`^${runId},rotate-keys,`))
    expect((await at.cutter(['run', 'list', '--output', 'json'])).stdout).toBe(
      (await at.cutter(['run', 'list', '--json'])).stdout,
    )
    expect((await at.cutter(['run', 'list', '--output', 'csv', '--json'])).code).toBe(2)
  })

  test.each(['list', 'show', 'history', 'explain'])('run %s prints every form for programs', async (verb) => {
    const words = ['run', verb, ...(verb === 'list' ? [] : [runId])]
    const form = async (output: string) => (await at.cutter([...words, '--output', output])).stdout
    expect(JSON.parse(await form('json'))).toBeTruthy()
    for (const line of (await form('jsonl')).trimEnd().split('\n')) expect(JSON.parse(line)).toBeTruthy()
    const [head, row] = (await form('csv')).split('\n')
    expect(row!.split(',').length).toBeGreaterThanOrEqual(head!.split(',').length)
  })

  test.each(['list', 'show', 'history', 'explain'])(
    'run %s at 80 columns has no longer line',
    async (verb) => {
      const text = await at80('run', verb, ...(verb === 'list' ? [] : [runId]))
      expect(text).toContain(runId.slice(-8).slice(0, verb === 'history' ? 0 : 8))
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
      expect(text).not.toContain('xstate.')
    },
  )

  test('approval list at 80 columns has complete ids and no longer line', async () => {
    const start = ['run', 'start', 'rotate-keys', '--file', 'service.key', '--key', 'dry', '--json']
    const dry = jsonOf(await at.cutter(start)).runId
    const as = 'somebody.with-a-long-name@example.org'
    const { approvalId } = await rehearse(at, dry, '--as', as)
    const text = await at80('approval', 'list')
    expect(text).toContain(approvalId)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})
