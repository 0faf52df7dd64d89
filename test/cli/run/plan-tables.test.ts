import { expect, test } from 'vitest'
import { renderLine } from '../../../src/cli/line.ts'
import { fitPlan } from '../../../src/cli/run/plan-tables.ts'
import { widthOf } from '../../../src/cli/text-width.ts'

const TABLE = [
  '# Plan',
  '',
  '| address | what it says | change |',
  '| --- | --- | --- |',
  `| ART-1 | ${'All water is shared between those who live here. '.repeat(4).trim()} | added |`,
  '| ART-2 | a \\| b | kept |',
  '',
  'After it.',
]

const shown = (width: number | null) => fitPlan(TABLE, width).map((line) => renderLine(line, false))

test('a table that is wider than the terminal becomes a block for each row, and nothing is cut', () => {
  const lines = shown(80)
  for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(80)
  expect(lines).toContain('- address       ART-1')
  expect(lines).toContain('  what it says  a | b')
  expect(lines.join(' ').split('shared').length - 1).toBe(4)
  expect(lines.filter((line) => line.startsWith('|'))).toEqual([])
  expect(lines.at(-1)).toBe('After it.')
})

test('what continues a cell begins with a mark, so that no text of others begins a line', () => {
  const lines = shown(40)
  const first = lines.indexOf('- address       ART-1')
  for (const line of lines.slice(first, lines.indexOf('- address       ART-2')))
    expect(line).toMatch(/^(- address | {2}what it says| {2}change | +… )/)
})

test('a table that fits, and every line without a terminal, stays as it is', () => {
  expect(shown(null)).toEqual(TABLE)
  expect(shown(400)).toEqual(TABLE)
})
