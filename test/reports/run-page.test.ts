import { parse } from 'parse5'
import { describe, expect, test } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import { type RunPage, renderRunPage } from '../../src/reports/run-page.ts'
import { showEach } from '../support/planted-text.ts'

const AT = '2026-11-29T11:00:00.000Z'

const anEntry = (seq: number, event: { type: string; [field: string]: unknown }, status = 'working') => ({
  seq,
  at: AT,
  event: event as RunPage['history'][number]['event'],
  by: 'deploybot',
  state: 'AWAITING',
  status: status as Run['status'],
  snapshotDigest: '',
  previousHash: '',
  hash: '',
})

const aPage = (): RunPage => ({
  genesis: {
    runId: 'ictr-20261129T110000Z-0f3a9c1d',
    machine: 'cut',
    version: '1',
    mode: 'live',
    definitionDigest: `sha256:${'c'.repeat(64)}`,
    input: {},
    startKey: null,
    startedAt: AT,
    startedBy: 'deploybot',
    osUser: 'root',
  },
  run: {
    machine: 'cut',
    version: '1',
    status: 'stopped',
    state: 'AWAITING',
    gate: null,
    output: {},
    outcome: null,
    updatedAt: AT,
    planDigest: `sha256:${'a'.repeat(64)}`,
    head: `sha256:${'b'.repeat(64)}`,
    seq: 4,
    stop: { code: 'STOP_DRIFT', message: 'the switch is off' } as RunPage['run']['stop'],
  },
  about: 'CHARTER into embedded',
  history: [
    anEntry(1, { type: 'cutter.start' }),
    anEntry(2, { type: 'xstate.done.actor.plan', arrival: { gate: 'SG1', planDigest: null } }, 'paused'),
    anEntry(3, {
      type: 'APPROVE',
      counted: [{ principal: 'alice', fingerprint: 'SHA256:x', approvalId: 'ap-1' }],
    }),
    anEntry(4, { type: 'xstate.error.actor.apply', error: { message: 'the switch is off' } }, 'stopped'),
  ],
  decisions: [
    {
      gate: 'SG1',
      decision: 'approve',
      approvalId: 'ap-1',
      approvers: [{ approvalId: 'ap-1', name: 'alice', fingerprint: 'SHA256:x' }],
      broughtSeq: 3,
      usedSeq: 4,
      usedAt: AT,
    },
  ],
  reasons: { 'ap-1': 'as agreed' },
  plans: [
    {
      gate: 'SG1',
      fromSeq: 2,
      toSeq: 3,
      from: 'sha256:1',
      to: 'sha256:2',
      because: ['unit ONE is gone'],
      parts: [
        {
          part: 'Units',
          differences: [
            {
              how: 'changed',
              what: 'ONE › text',
              words: [
                { kind: 'removed', text: 'one' },
                { kind: 'added', text: 'two' },
              ],
            },
          ],
          more: 3,
        },
      ],
    },
  ],
})

// biome-ignore lint/suspicious/noExplicitAny: nodes of parse5
type Node = any
const nodesOf = (node: Node): Node[] => [node, ...(node.childNodes ?? []).flatMap(nodesOf)]
/** The tags with their attributes, in order: what a text of others must not change. */
const tagsOf = (page: string) =>
  nodesOf(parse(page))
    .filter(({ tagName }) => tagName !== undefined)
    .map(({ tagName, attrs }) => `${tagName} ${attrs.map(({ name }: { name: string }) => name).join(' ')}`)

describe('the page of a run', () => {
  const page = renderRunPage(aPage())

  test('has timeline, plan differences and approvers', () => {
    for (const text of ['<h2>Timeline</h2>', '<h2>Plan differences</h2>', '<h2>Approvers</h2>', 'SHA256:x'])
      expect(page).toContain(text)
    expect(page).toContain('Approval brought: alice</strong>, by deploybot: as agreed')
    expect(page).toContain('apply stopped')
    expect(page).toContain('<h4>Units</h4>')
    expect(page).toContain('<strong>changed</strong> ONE › text: <del>one</del><ins>two</ins>')
    expect(page).toContain('<li>and 3 more</li>')
    expect(page).not.toContain('xstate.')
  })

  test('loads nothing and runs no script', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
    expect(page).not.toMatch(/<script|<link|<img|src=|url\(|https?:/)
  })

  test('has the same tags whatever a text of others holds', () => {
    const hostile = `"><script>alert(1)</script><!-- </title></style> \u202e'&lt;`
    const tags = tagsOf(page)
    const shown = showEach(aPage(), renderRunPage)
    expect(shown.length).toBeGreaterThan(30)
    for (const { path, text } of shown.filter(
      ({ path: at }) => !/=|status|outcome|\.type|\.event|\.kind$/.test(at),
    ))
      expect(tagsOf(text), path).toEqual(tags)
    const planted = JSON.parse(
      JSON.stringify(aPage()).replaceAll('AWAITING', JSON.stringify(hostile).slice(1, -1)),
    )
    expect(tagsOf(renderRunPage(planted))).toEqual(tags)
    expect(renderRunPage(planted)).not.toContain('\u202e')
  })
})
