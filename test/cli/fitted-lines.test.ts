import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitLines } from '../../src/cli/fit.ts'
import { fitTable } from '../../src/cli/fit-table.ts'
import { type Line, renderLine } from '../../src/cli/line.ts'
import { ago, lengthOf, until } from '../../src/cli/relative-time.ts'
import { fitOf, linesOfExplanation } from '../../src/cli/run/explain-lines.ts'
import { fittedRuns } from '../../src/cli/run/fitted-list.ts'
import { historyLines } from '../../src/cli/run/history-lines.ts'
import { linesOfRun } from '../../src/cli/run-lines.ts'
import { widthOf } from '../../src/cli/text-width.ts'
import { widthToFit } from '../../src/client/terminal.ts'
import type { HistoryEntry, RunEvent, Status } from '../../src/domain/history-entry.ts'
import type { Explanation } from '../../src/service/runs/explain.ts'
import type { RunAnswer } from '../../src/service/runs/run-answer.ts'

/** What people read on a terminal is at most as wide as it, whatever the texts of others hold. */

const NOW = new Date('2026-11-29T12:00:00.000Z')
const shown = (lines: Line[], color = false) => lines.map((line) => renderLine(line, color))

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.constantFrom('憲章第一条の改正', 'Điều lệ', 'x'.repeat(200), `a\nb\u001b[2J${' '.repeat(90)}c`, ''),
)
const anyWidth = fc.integer({ min: 40, max: 200 })
const isAtMost = (lines: Line[], width: number) => {
  for (const line of shown(lines)) expect(widthOf(line), line).toBeLessThanOrEqual(width)
}

const aRun = (more: Partial<RunAnswer> = {}): RunAnswer => ({
  runId: 'ictr-20261129T115900Z-0f3a9c1d',
  machine: 'cut',
  version: '1',
  mode: 'dry-run',
  status: 'paused',
  state: 'AWAITING_LIFECYCLE_AUTHORIZATION',
  phase: null,
  stopCode: null,
  outcome: null,
  gate: 'SG2',
  planDigest: `sha256:${'a'.repeat(64)}`,
  startedBy: 'deploybot',
  startedAt: '2026-11-29T09:00:00.000Z',
  updatedAt: '2026-11-29T11:00:00.000Z',
  output: {},
  about: 'CHARTER into embedded',
  ...more,
})

const anyRun = fc
  .record({
    runId: anyText,
    machine: anyText,
    about: anyText,
    startedBy: anyText,
    state: anyText,
    gate: anyText,
    status: fc.constantFrom<Status>('working', 'paused', 'stopped'),
    stop: fc.record({ code: fc.constant('STOP_DRIFT'), message: anyText, next: anyText }),
    output: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
  })
  .map((some) => aRun(some as Partial<RunAnswer>))

const anyEntry = fc.record({
  type: fc.oneof(
    anyText,
    fc.constantFrom('cutter.start', 'APPROVE', 'xstate.done.actor.x', 'xstate.error.actor.y'),
  ),
  message: anyText,
  approver: anyText,
  by: anyText,
  state: anyText,
  status: fc.constantFrom<Status>('working', 'paused', 'stopped', 'closed'),
})
const entryOf = (event: RunEvent, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  seq: 1,
  at: '2026-11-29T11:00:00.000Z',
  event,
  by: 'engine',
  state: 'PENDING',
  status: 'working',
  snapshotDigest: '',
  previousHash: '',
  hash: '',
  ...more,
})

const anExplanation = (text: string): Explanation => ({
  runId: 'ictr-20261129T115900Z-0f3a9c1d',
  mode: 'live',
  status: 'paused',
  state: text,
  outcome: null,
  waitsFor: {
    kind: 'approval',
    gate: text,
    since: '2026-11-29T11:00:00.000Z',
    planDigest: `sha256:${'a'.repeat(64)}`,
    expiresAt: '2026-11-30T11:00:00.000Z',
  },
  unsettledWrites: [],
  stop: null,
  upgrade: { from: text, to: text },
  hold: { since: '2026-11-29T11:00:00.000Z', reason: text, by: text } as Explanation['hold'],
  approvers: [
    { principal: text, keys: [{ type: text, fingerprint: text }], may: true, why: '' },
    { principal: text, keys: [], may: false, why: text },
  ] as Explanation['approvers'],
  policy: { need: 2, of: [text, text], validHours: 24, fourEyes: true },
  approvals: [
    ['OTHER_PLAN', false],
    ['OTHER_ARRIVAL', false],
    ['EXPIRED', false],
    ['EXPIRED', false],
    ['OPERATORS_OWN', false],
    [null, true],
  ].map(([reason, wouldCount], at) => ({
    approvalId: `ap-${String(at).repeat(32)}`,
    approver: text,
    decision: 'approve' as const,
    wouldCount: wouldCount as boolean,
    reason: reason as string | null,
    message: reason === null ? null : text,
  })),
  ifApproved: [{ state: text, phase: text, kind: 'write', status: 'working' }],
  ifRetried: [],
  afterStop: null,
  hosts: [{ host: text, state: text, why: text, ahead: [text] }],
  refusals: [{ reason: 'DRIFT', message: text, next: text }],
  differsFrom: null,
  differences: [text],
  world: { how: 'last-seen', at: '2026-11-29T11:00:00.000Z', why: text, isAsPlanned: null },
})

describe('every line fits the terminal', () => {
  test('of run list', () => {
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 5 }), anyWidth, (runs, width) =>
        isAtMost(fittedRuns(runs, width, NOW), width),
      ),
    )
  })
  test('of run show', () => {
    fc.assert(fc.property(anyRun, anyWidth, (run, width) => isAtMost(linesOfRun(run, width), width)))
  })
  test('of run history', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 4 }), anyWidth, (some, width) => {
        const entries = some.map(({ by, state, status, ...event }) => entryOf(event, { by, state, status }))
        isAtMost(historyLines({ width, now: NOW, reasons: {} }).all(entries), width)
      }),
    )
  })
  test('of run explain', () => {
    fc.assert(
      fc.property(anyText, anyWidth, (text, width) =>
        isAtMost(linesOfExplanation(anExplanation(text), { ...fitOf(width) }), width),
      ),
    )
  })
})

describe('fitLines', () => {
  test('fitLines continues a text below itself, and keeps its styles', () => {
    const line: Line = ['label   ', { text: 'one two three', style: 'good' }, ' four']
    expect(fitLines([line], { width: 16, hang: 8 })).toEqual([
      ['label   ', { text: 'one two', style: 'good' }],
      ['      … ', { text: 'three', style: 'good' }],
      ['      … ', 'four'],
    ])
  })
  test('fitLines loses no word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 }),
        anyWidth,
        (words, width) => {
          const lines = shown(fitLines([`label   ${words.join(' ')}`], { width, hang: 8 }))
          expect(
            lines
              .map((line) => line.slice(8))
              .join(' ')
              .split(' '),
          ).toEqual(words)
        },
      ),
    )
  })
})

test('fitTable aligns letters that take two columns', () => {
  const lines = shown(
    fitTable(
      [{ title: 'A', most: 6 }, { title: 'B' }],
      [
        ['憲章', 'x'],
        ['ab', 'y'],
      ],
      40,
    ),
  )
  expect(lines).toEqual(['A     B', '憲章  x', 'ab    y'])
})

describe('success, waiting and trouble differ at a glance', () => {
  const runs = [
    aRun({ status: 'closed', outcome: 'succeeded', gate: null }),
    aRun(),
    aRun({ hold: { since: '', reason: '', by: '' } as RunAnswer['hold'] & object }),
    aRun({ status: 'stopped', gate: null }),
    aRun({ status: 'working', gate: null }),
    aRun({ status: 'closed', outcome: 'failed', gate: null }),
    aRun({ status: 'closed', outcome: 'rejected', gate: null }),
  ]
  const [, ...rows] = shown(fittedRuns(runs, 80, NOW))

  test('by a sign and a word', () => {
    expect(rows.map((row) => row.slice(0, 17).trim())).toEqual([
      '✓ succeeded',
      '‖ waits SG2',
      '‖ waits SG2, held',
      '! stopped',
      '▶ works',
      '✗ failed',
      '– rejected',
    ])
  })
  test('and by a colour where there are colours', () => {
    const colors = shown(fittedRuns(runs, 80, NOW), true).map((row) => row.slice(2, 4))
    expect(colors).toEqual(['2m', '32', '33', '33', '31', '36', '31', '2m'])
  })
})

test('run list shows what a run is about with short ids', () => {
  const about = `site at ${'0123456789abcdef0123'.repeat(2)} for ictr-20261129T115900Z-00112233`
  const [, row] = shown(fittedRuns([aRun({ about })], 100, NOW))
  expect(row).toBe('‖ waits SG2  0f3a9c1d  cut      dry   3h ago   site at 01234567 for 00112233')
})

describe('run history', () => {
  const lines = (...entries: HistoryEntry[]) =>
    shown(historyLines({ width: 80, now: NOW, reasons: {} }).all(entries).slice(1))

  test.each<[string, string, { [field: string]: string }, string]>([
    ['an agent', 'bot', { through: 'mcp' }, '○ Cancelled, by agent bot'],
    ['a person at the page', 'alice', { through: 'page' }, '● Cancelled, by person alice'],
    ['whoever gave a command', 'bot', {}, '● Cancelled, by bot'],
    ['an unknown way', 'bot', { through: 'pigeon' }, '● Cancelled, by bot'],
    ['the service', 'cutter-service', { through: 'mcp' }, '· Cancelled, by the service'],
    ['the engine', 'engine', { through: 'page' }, '· Cancelled'],
  ])('names %s', (_, by, how, words) => {
    const entry = entryOf({ type: 'CANCEL', ...how }, { by })
    expect(
      lines(entry)[0]!
        .slice(15)
        .replace(/ → .*$/, ''),
    ).toBe(words)
  })

  test('speaks of phases and people', () => {
    const started = entryOf({ type: 'cutter.start' }, { by: 'deploybot' })
    const planned = entryOf(
      { type: 'xstate.done.actor.cutplan', ran: 'execute' },
      { seq: 2, state: 'CUTPLAN_OK', at: '2026-11-29T11:00:03.200Z' },
    )
    const arrived = entryOf(
      { type: 'xstate.after.0.cut.CUTPLAN_OK', arrival: { gate: 'SG1', planDigest: null } },
      { seq: 3, state: 'AWAITING', status: 'paused' },
    )
    const approved = entryOf(
      { type: 'APPROVE', counted: [{ principal: 'alice', fingerprint: 'SHA256:x' }] },
      { seq: 4, state: 'AWAITING', by: 'deploybot' },
    )
    const stopped = entryOf(
      { type: 'xstate.error.actor.cut_leg_a', error: { message: 'the switch is off' } },
      { seq: 5, state: 'AWAITING', status: 'stopped' },
    )
    const refused = entryOf(
      { type: 'cutter.approval-refused', message: 'it is used' },
      { seq: 6, state: 'AWAITING', status: 'stopped', by: 'mallory' },
    )
    expect(lines(started, planned, arrived, approved, stopped, refused)).toEqual([
      '  1  1h ago    ● Started, by deploybot → PENDING',
      '  2  59m ago   · cutplan, 3.2s → CUTPLAN_OK',
      '  3  1h ago    ‖ Arrived → AWAITING, waits SG1',
      '  4  1h ago    ● Approval brought: alice, by deploybot',
      '  5  1h ago    ! cut_leg_a stopped: the switch is off',
      '  6  1h ago    ✗ Refused an approval, by mallory: it is used',
    ])
  })
  test.each([
    ['execute', 'apply'],
    ['simulate', 'apply (simulated)'],
    ['probe', 'apply (found done)'],
  ])('says how a phase ran: %s', (ran, text) => {
    expect(lines(entryOf({ type: 'xstate.done.actor.apply', ran }))[0]).toContain(`· ${text} →`)
  })
})

test('run explain sums up old approvals in one line', () => {
  const lines = shown(linesOfExplanation(anExplanation('x'), fitOf(80)))
  expect(lines.filter((line) => /^(approval|old) /.test(line))).toEqual([
    `approval  ap-${'4'.repeat(32)} by x (approve) would be refused:`,
    `approval  ap-${'5'.repeat(32)} by x (approve) would count`,
    'old       4 old approvals count no more (1 OTHER_PLAN, 1 OTHER_ARRIVAL, 2',
  ])
})

test.each([
  ['2026-11-29T12:00:01.000Z', 'just now'],
  ['2026-11-29T11:59:01.000Z', 'just now'],
  ['2026-11-29T11:01:00.000Z', '59m ago'],
  ['2026-11-28T12:00:01.000Z', '23h ago'],
  ['2026-11-01T12:00:00.000Z', '28d ago'],
  ['2024-11-01T12:00:00.000Z', '2y ago'],
])('%s was %s', (iso, text) => expect(ago(iso, NOW)).toBe(text))

test.each([
  ['2026-11-29T11:00:00.000Z', 'now'],
  ['2026-11-29T12:00:59.000Z', 'in less than 1m'],
  ['2026-11-30T11:00:00.000Z', 'in 23h'],
])('%s comes %s', (iso, text) => expect(until(iso, NOW)).toBe(text))

test.each([
  [40, '40ms'],
  [3_200, '3.2s'],
  [59_400, '59s'],
  [250_000, '4m 10s'],
  [11_100_000, '3h 5m'],
  [187_200_000, '2d 4h'],
])('%i ms are %s', (ms, text) => expect(lengthOf(ms)).toBe(text))

test.each<[string, Parameters<typeof widthToFit>, number | null]>([
  ['a terminal', [{}, 132], 132],
  ['a terminal that does not tell its width', [{}, 0], 80],
  ['a very narrow terminal', [{}, 20], 40],
  ['no terminal', [{}, null], null],
  ['COLUMNS', [{ COLUMNS: '100' }, null], 100],
  ['COLUMNS on a terminal', [{ COLUMNS: '100' }, 132], 100],
  ['another COLUMNS', [{ COLUMNS: 'wide' }, null], null],
])('lines are fitted to %s', (_, given, width) => expect(widthToFit(...given)).toBe(width))
