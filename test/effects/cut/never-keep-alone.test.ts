import { describe, expect, test } from 'vitest'
import { diffWords } from '../../../src/document/diff/word-diff.ts'
import { Stop } from '../../../src/domain/errors.ts'
import type { Json } from '../../../src/domain/json.ts'
import type { CutPlan } from '../../../src/effects/cut/plan.ts'
import { planToMarkdown } from '../../../src/plan-page/plan-to-markdown.ts'
import { planRecut } from './plan-recut.ts'

// Whatever differs between two texts of a document is shown by the plan: "keep" alone says that nothing differs.

const PIECES = {
  front: '---\nvotes: two thirds\n---\n\n',
  title: '# Charter of doors\n\n',
  preamble: 'We keep the door open to all.\n\n',
  chapter: '## Chapter 1 – Doors\n\n',
  chapterText: 'All doors have two wings and belong to all.\n\n',
  article1: '### Article 1\n\nThe door is blue.\n\n',
  article2: '### Article 2\n\nThe key is old.\n\n',
  chapter2: '## Chapter 2 – Keys\n\n',
  article3: '### Article 3\n\nThe lock is new.\n\n',
  annex: '## Annex 1\n\nThe fee is five.\n\n',
  end: '<!-- Voted by two thirds. -->\n',
}
type Piece = keyof typeof PIECES
const compose = (changes: { [piece in Piece]?: string } = {}) =>
  Object.values({ ...PIECES, ...changes }).join('')
const BEFORE = compose()

const each = (change: (text: string, piece: Piece) => string): [Piece, string][] =>
  (Object.keys(PIECES) as Piece[]).map((piece) => [piece, compose({ [piece]: change(PIECES[piece], piece) })])

const other = (text: string) => text.replace(/[a-z]{3,}(?=[^a-z]*$)/, (word) => `un${word}`)

/** How a text changes: its name, and the text for each place. */
const CHANGES: [change: string, texts: [place: string, after: string][]][] = [
  ['another word', each(other)],
  ['no text any more', each(() => '')],
  ['two spaces for one', each((text) => text.replace(' ', '  '))],
  ['one more empty line', each((text) => `${text}\n`)],
  ['a space at the end of a line', each((text) => text.replace('\n', ' \n'))],
  ['a sign without width', each((text) => text.replace(/[a-z](?=[a-z])/, (sign) => `${sign}\u200b`))],
  ['line ends of Windows', each((text) => text.replaceAll('\n', '\r\n'))],
  ['a line behind it', each((text) => `${text}Amended by one half.\n\n`)],
  ['a byte-order mark', [['the beginning', `\ufeff${BEFORE}`]]],
  ['line ends of Windows', [['all lines', BEFORE.replaceAll('\n', '\r\n')]]],
  ['no last line end', [['the end', BEFORE.trimEnd()]]],
  ['other places', [['two articles', compose({ article1: PIECES.article3, article3: PIECES.article1 })]]],
]
const rows = CHANGES.flatMap(([change, texts]) => texts.map(([place, after]) => ({ change, place, after })))

const ALL = 'OTHER_TEXT_CHANGED,NUMBER_OUT_OF_ORDER,NUMBER_GAP,HEADING_SUSPECTED,UNCLOSED_BLOCK'

/** The plan, and the codes that it needed `--accept` for; `accept` is left out where none is needed. */
function planOf(after: string): { plan: CutPlan; isAccepted: boolean } | null {
  for (const accept of [undefined, ALL])
    try {
      return { plan: planRecut(BEFORE, after, { accept }), isAccepted: accept !== undefined }
    } catch (error) {
      if (!(error instanceof Stop)) throw error
    }
  return null
}

function pageOf(plan: CutPlan): string {
  return planToMarkdown({
    ...{ runId: 'ictr-1', machine: 'cut', version: '1', gate: 'SG1', planDigest: '', source: null },
    ...{ plan: plan as unknown as Json, cut: null, texts: new Map(), differing: diffWords },
    ...{ page: null, pageSize: 100 },
  })
}

const words = (text: string) => text.replace(/^\ufeff/, '').match(/\S+/gu)

describe('a re-cut of a text', () => {
  test.each(rows)('$change at $place: plan and page show it', ({ after }) => {
    expect(after).not.toBe(BEFORE)
    const found = planOf(after)
    // A stop with a reason shows it too.
    if (found === null) return
    const { plan, isAccepted } = found
    const changes = plan.actions.filter(({ action }) => action !== 'keep').length + plan.endings.length
    const outside = plan.otherText ?? []
    expect(changes + outside.length + (plan.moved ?? []).length).toBeGreaterThan(0)
    // Words outside of units change by an explicit acceptance alone.
    const differ = outside.some(
      ({ removed, added }) => String(words(removed.join(' '))) !== String(words(added.join(' '))),
    )
    if (differ && !isAccepted) expect(plan.accepted?.map(({ code }) => code)).toContain('OTHER_TEXT_CHANGED')
    const page = pageOf(plan)
    expect(page).not.toContain('No text that stays in force changes.')
    if (outside.length > 0) expect(page).toContain('with other words or other white space')
  })

  test('that is the same: the plan keeps all, and the page says so', () => {
    const { plan, isAccepted } = planOf(BEFORE)!
    expect(isAccepted).toBe(false)
    expect(new Set(plan.actions.map(({ action }) => action))).toEqual(new Set(['keep']))
    expect([plan.otherText, plan.moved, plan.endings]).toEqual([undefined, undefined, []])
    expect(pageOf(plan)).toContain('No text that stays in force changes.')
  })
})
