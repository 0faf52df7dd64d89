import { digestOf, type Json } from './json.ts'
import { visible } from './visible.ts'

/**
 * Markdown around text that others wrote: every character of theirs is shown, and none of them has a meaning. Characters that cannot be
 * seen and could deceive the reader are written as code points.
 */

/** Longer texts are cut in a code span of a report. */
const LONGEST = 400

/** Text of others as a code span that also fits into a cell of a table. At most 400 characters are shown. */
export function code(text: string): string {
  const cut = [...text].length > LONGEST ? `${[...text].slice(0, LONGEST).join('')}…` : text
  const plain = visible(cut).replaceAll('|', '\\|')
  if (plain === '') return '–'
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((ticks) => ticks.length))
  if (longest === 0) return `\`${plain}\``
  const fence = '`'.repeat(longest + 1)
  return `${fence} ${plain} ${fence}`
}

/**
 * Text of others as escaped prose, in full, for a sentence or a cell of a table. The joiners that Persian and the scripts of India need
 * stay as they are.
 */
export function prose(text: string): string {
  return visible(text.replace(/\s+/gu, ' ').trim(), spellAsName)
    .replace(/[\\`*_{}[\]<>|~#&$]/g, '\\$&')
    .replace(/^([+=-]|\d+[.)])/, '\\$1')
}

/** `U+200B`, which needs no escape in Markdown. */
const spellAsName = (codePoint: number) => `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`

/**
 * Text of others as a fenced block. Each item becomes one line, and the fence is longer than any run of backticks within, so that nothing
 * in the text ends the block.
 */
export function fenced(lines: string[], language = ''): string[] {
  const shown = lines.map((line) => visible(line))
  const runs = shown.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(Math.max(2, ...runs) + 1)
  return [`${fence}${language}`, ...shown, fence]
}

/** A name, address or digest as a code span, in full. A text with other characters becomes prose. */
export function nameSpan(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? `\`${text}\`` : prose(text)
}

/** A value in one line. A long value is counted and named by its digest. */
export function inline(value: Json | undefined): string {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'string') return code(value)
  if (typeof value !== 'object') return String(value)
  const text = JSON.stringify(value)
  if (text.length <= 100) return code(text)
  const size = Array.isArray(value) ? `${value.length} items` : `${Object.keys(value).length} fields`
  return `${size}, ${code(digestOf(value))}`
}

/** Facts by their paths. Objects are opened down to a depth of 4, arrays are not. */
export function flattenFacts(value: Json, path = '', depth = 4): [path: string, value: Json][] {
  const isOpen = value !== null && typeof value === 'object' && !Array.isArray(value) && depth > 0
  if (!isOpen) return [[path, value]]
  return Object.entries(value).flatMap(([key, item]) =>
    flattenFacts(item, path === '' ? key : `${path}.${key}`, depth - 1),
  )
}

/** The lines of a table. Cells are Markdown already. No lines where there are no rows. */
export function table(head: string[], rows: string[][]): string[] {
  if (rows.length === 0) return []
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line), '']
}

/** A table of the facts of a value, without those that are null. */
export function factTable(value: Json): string[] {
  const shown = flattenFacts(value).filter(([path, fact]) => path !== '' && fact !== null)
  return table(
    ['fact', 'value'],
    shown.map(([path, fact]) => [code(path), inline(fact)]),
  )
}

/** A value of any shape as a nested list, with names and values in code spans. */
export function factList(value: Json, indent = ''): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [`${indent}- ${inline(value)}`]
  return Object.entries(value).flatMap(([key, item]) => {
    const isNested = item !== null && typeof item === 'object' && !Array.isArray(item)
    return isNested
      ? [`${indent}- ${code(key)}`, ...factList(item, `${indent}  `)]
      : [`${indent}- ${code(key)}: ${inline(item)}`]
  })
}

/** A value of any shape as a nested list, in full, with names and values as prose. */
export function proseList(value: Json, indent = ''): string[] {
  if (value === null || typeof value !== 'object') return [`${indent}- ${prose(String(value))}`]
  return Object.entries(value).flatMap(([key, item]) => {
    const name = Array.isArray(value) ? '' : `${prose(key)}: `
    const isNested = item !== null && typeof item === 'object'
    return isNested
      ? [`${indent}- ${name}`.trimEnd(), ...proseList(item, `${indent}  `)]
      : [`${indent}- ${name}${prose(String(item))}`]
  })
}

/** Lines as a text that ends in one newline and has no two blank lines in a row. */
export function page(...parts: (string | string[])[]): string {
  const text = parts.flat().join('\n')
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`
}

/** A natural number with a gap between groups of three digits. */
export const count = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ' ')

/** A number with its noun, such as `1 row` or `2 500 rows`. `many` is the plural where it is not `one` with an s. */
export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`

/** A length of time for people. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds} ms`
  const seconds = milliseconds / 1_000
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`
}
