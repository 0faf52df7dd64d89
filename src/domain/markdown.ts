import { digestOf, type Json } from './json.ts'

/** Markdown for facts that others wrote: names, titles and messages come in code spans, in which nothing has a meaning. */

const LONGEST = 400

/** Text of others as a code span that also fits a table's cell. What a terminal or a reader's eye could trip over is spelt out. */
export function code(text: string): string {
  const cut = [...text].length > LONGEST ? `${[...text].slice(0, LONGEST).join('')}…` : text
  const plain = cut
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) => `\\u{${letter.codePointAt(0)!.toString(16)}}`)
    .replaceAll('|', '\\|')
  if (plain === '') return '–'
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((ticks) => ticks.length))
  if (longest === 0) return `\`${plain}\``
  const fence = '`'.repeat(longest + 1)
  return `${fence} ${plain} ${fence}`
}

/** A value in one line: what is long is counted and named by its digest. */
export function inline(value: Json | undefined): string {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'string') return code(value)
  if (typeof value !== 'object') return String(value)
  const text = JSON.stringify(value)
  if (text.length <= 100) return code(text)
  const size = Array.isArray(value) ? `${value.length} items` : `${Object.keys(value).length} fields`
  return `${size}, ${code(digestOf(value))}`
}

/** Facts by their paths, objects opened up and arrays left whole. */
export function flattenFacts(value: Json, path = '', depth = 4): [path: string, value: Json][] {
  const open = value !== null && typeof value === 'object' && !Array.isArray(value) && depth > 0
  if (!open) return [[path, value]]
  return Object.entries(value).flatMap(([key, item]) =>
    flattenFacts(item, path === '' ? key : `${path}.${key}`, depth - 1),
  )
}

export function table(head: string[], rows: string[][]): string[] {
  if (rows.length === 0) return []
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line), '']
}

/** A table of facts; those that say nothing (null) are left out. */
export function factTable(value: Json): string[] {
  const told = flattenFacts(value).filter(([path, fact]) => path !== '' && fact !== null)
  return table(
    ['fact', 'value'],
    told.map(([path, fact]) => [code(path), inline(fact)]),
  )
}

/** A value of any shape as nested points. */
export function points(value: Json, indent = ''): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [`${indent}- ${inline(value)}`]
  return Object.entries(value).flatMap(([key, item]) => {
    const nested = item !== null && typeof item === 'object' && !Array.isArray(item)
    return nested
      ? [`${indent}- ${code(key)}`, ...points(item, `${indent}  `)]
      : [`${indent}- ${code(key)}: ${inline(item)}`]
  })
}

/** Lines as a text that ends in one newline and has no two blank lines in a row. */
export function page(...parts: (string | string[])[]): string {
  const text = parts.flat().join('\n')
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`
}

/** A length of time for people. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds} ms`
  const seconds = milliseconds / 1_000
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`
}
