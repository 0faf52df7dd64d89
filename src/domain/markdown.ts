import { digestOf, type Json } from './json.ts'
import { visible } from './visible.ts'

/**
 * Markdown around text that others wrote. Only the functions of this file make a piece of Markdown, and each escapes a plain text that it
 * gets: every character is shown, and none has a meaning. So a report that forgets an escape shows its own signs escaped, and never
 * lets a text of others begin a line, a heading, a row or a block.
 */

/** A piece of Markdown within one line, or one line. Other files know the type alone, so they cannot make one. */
class Markdown {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

export type { Markdown }

/** A line of a page; blank lines part its blocks. */
export type MarkdownLine = Markdown | ''

/** What stands in a line: Markdown as it is, everything else escaped. A list is separated by commas. */
export type Shown = Markdown | string | number | readonly Shown[]

const escaped = (value: Shown): string => {
  if (value instanceof Markdown || typeof value === 'number') return String(value)
  return Array.isArray(value) ? value.map(escaped).join(', ') : String(prose(String(value)))
}

/** A line of Markdown: the literal parts are Markdown, each `${value}` is escaped unless it is Markdown. */
export function md(literal: TemplateStringsArray, ...values: Shown[]): Markdown {
  const [first = '', ...others] = literal
  return new Markdown(others.reduce((text, part, i) => text + escaped(values[i]!) + part, first))
}

/** Pieces joined by a separator. */
export function join(pieces: Shown[], separator: string): Markdown {
  return new Markdown(pieces.map(escaped).join(separator))
}

/** Longer texts are cut in a code span of a report. */
const LONGEST = 400

/** Text of others as a code span that also fits into a cell of a table. At most 400 characters are shown. */
export function code(text: string): Markdown {
  const cut = [...text].length > LONGEST ? `${[...text].slice(0, LONGEST).join('')}…` : text
  const plain = visible(cut).replaceAll('|', '\\|')
  if (plain.trim() === '') return md`–`
  const longest = longestRun([plain])
  if (longest === 0) return new Markdown(`\`${plain}\``)
  const fence = '`'.repeat(longest + 1)
  return new Markdown(`${fence} ${plain} ${fence}`)
}

const longestRun = (lines: string[]) =>
  Math.max(0, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)))

/**
 * Text of others as escaped prose, in full, for a sentence or a cell of a table. The joiners that Persian and the scripts of India need
 * stay as they are.
 */
export function prose(text: string): Markdown {
  return escapedProse(text.replace(/\s+/gu, ' ').trim())
}

/**
 * Text of others as escaped prose of which nothing is hidden: line ends, tabs and repeated blanks are spelled too. For values of a plan, where
 * two texts that differ must look different.
 */
export function exact(text: string): Markdown {
  const isPlain = (sign: string, at: number) =>
    sign === ' ' && at > 0 && at < text.length - 1 && text[at - 1] !== ' '
  return escapedProse(
    text.replace(/\s/gu, (sign, at: number) =>
      isPlain(sign, at) ? ' ' : ` ${spellAsName(sign.codePointAt(0)!)} `,
    ),
  )
}

function escapedProse(text: string): Markdown {
  const plain = visible(text, spellAsName)
    .replace(/[\\`*{}[\]<>|~#&$_]/g, (sign, at: number, all: string) =>
      sign === '_' && isWithinWord(all, at) ? sign : `\\${sign}`,
    )
    .replace(/^[+=-]/, '\\$&')
    // A backslash before a digit would stay in sight, because it escapes signs only.
    .replace(/^(\d+)([.)])/, '$1\\$2')
  return new Markdown(plain)
}

/** Whether a letter or digit stands on both sides of a place. */
const isWithinWord = (text: string, at: number) =>
  isOfWord(lastSign(text.slice(Math.max(0, at - 2), at))) && isOfWord(text.codePointAt(at + 1))

/** V8 takes 13 ms to make sense of the classes of Unicode, so they are asked for other scripts alone. */
const isOfWord = (codePoint: number | undefined) =>
  codePoint !== undefined &&
  (codePoint < 0x80 ? /[0-9A-Za-z]/ : /[\p{L}\p{N}]/u).test(String.fromCodePoint(codePoint))

/** The last code point of a text, which may be two units. */
const lastSign = (text: string) => [...text].at(-1)?.codePointAt(0)

/** `U+200B`, which needs no escape in Markdown. */
const spellAsName = (codePoint: number) => `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`

/** A name, address or digest as a code span, in full. A text with other characters becomes prose. */
export function nameSpan(text: string): Markdown {
  return /^[\w./:@+-]+$/.test(text) ? new Markdown(`\`${text}\``) : prose(text)
}

/**
 * Text of others as a fenced block. Each item becomes one line, and the fence is longer than any run of backticks within, so that nothing
 * in the text ends the block.
 */
export function fenced(lines: string[], language: 'sh' | 'sql' | '' = ''): Markdown[] {
  const shown = lines.map((line) => visible(line))
  const fence = '`'.repeat(Math.max(2, longestRun(shown)) + 1)
  return [`${fence}${language}`, ...shown, fence].map((line) => new Markdown(line))
}

/** Markdown that others wrote, as a quotation: none of its blocks reaches beyond it. */
export function quoted(text: string): Markdown[] {
  return text.split(/\r?\n/).map((line) => new Markdown(`> ${visible(line)}`.trimEnd()))
}

/** A value in one line. A long value is counted and named by its digest. */
export function inline(value: Json | undefined): Markdown {
  if (value === undefined || value === null) return md`–`
  if (typeof value === 'string') return code(value)
  if (typeof value !== 'object') return md`${typeof value === 'number' ? value : String(value)}`
  const text = JSON.stringify(value)
  if (text.length <= 100) return code(text)
  const size = Array.isArray(value) ? `${value.length} items` : `${Object.keys(value).length} fields`
  return md`${size}, ${code(digestOf(value))}`
}

/** Facts by their paths. Objects are opened down to a depth of 4, arrays are not. */
export function flattenFacts(value: Json, path = '', depth = 4): [path: string, value: Json][] {
  const isOpen = value !== null && typeof value === 'object' && !Array.isArray(value) && depth > 0
  if (!isOpen) return [[path, value]]
  return Object.entries(value).flatMap(([key, item]) =>
    flattenFacts(item, path === '' ? key : `${path}.${key}`, depth - 1),
  )
}

/** The lines of a table. No lines where there are no rows. */
export function table(head: Shown[], rows: Shown[][]): MarkdownLine[] {
  if (rows.length === 0) return []
  const line = (cells: Shown[]) => md`| ${join(cells, ' | ')} |`
  return [line(head), line(head.map(() => md`---`)), ...rows.map(line), '']
}

/** A table of the facts of a value, without those that are null. */
export function factTable(value: Json): MarkdownLine[] {
  const shown = flattenFacts(value).filter(([path, fact]) => path !== '' && fact !== null)
  return table(
    ['fact', 'value'],
    shown.map(([path, fact]) => [code(path), inline(fact)]),
  )
}

/** A value of any shape as a nested list, with names and values in code spans. */
export function factList(value: Json): Markdown[] {
  return nestedList(value, { name: code, text: inline, opensArrays: false })
}

/** A value of any shape as a nested list, in full, with names and values as prose. */
export function proseList(value: Json): Markdown[] {
  return nestedList(value, { name: exact, text: (item) => exact(String(item)), opensArrays: true })
}

interface ListForm {
  name(key: string): Markdown
  text(item: Json): Markdown
  opensArrays: boolean
}

function nestedList(value: Json, form: ListForm, indent = md``): Markdown[] {
  const isOpen = (item: Json) =>
    item !== null && typeof item === 'object' && (form.opensArrays || !Array.isArray(item))
  if (!isOpen(value)) return [md`${indent}- ${form.text(value)}`]
  return Object.entries(value as { [key: string]: Json }).flatMap(([key, item]) => {
    const name = Array.isArray(value) ? null : form.name(key)
    if (isOpen(item))
      return [
        name === null ? md`${indent}-` : md`${indent}- ${name}${form.opensArrays ? md`:` : md``}`,
        ...nestedList(item, form, md`${indent}  `),
      ]
    return [name === null ? md`${indent}- ${form.text(item)}` : md`${indent}- ${name}: ${form.text(item)}`]
  })
}

/** A paragraph with the blank line after it. */
export const paragraph = (line: Markdown): MarkdownLine[] => [line, '']

/** Items as a list of points. */
export const points = (items: Shown[]): Markdown[] => items.map((item) => md`- ${item}`)

/** Lines as a text that ends in one newline and has no two blank lines in a row. */
export function page(...parts: (MarkdownLine | MarkdownLine[])[]): string {
  const text = parts.flat().map(escaped).join('\n')
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`
}

/** A natural number with a gap between groups of three digits. */
export const count = (n: number) => new Markdown(String(n).replace(/\B(?=(\d{3})+$)/g, ' '))

/** A number with its noun, such as `1 row` or `2 500 rows`. `many` is the plural where it is not `one` with an s. */
export const plural = (n: number, one: string, many = `${one}s`) => md`${count(n)} ${n === 1 ? one : many}`

/** A length of time for people. */
export function duration(milliseconds: number): Markdown {
  if (milliseconds < 1_000) return md`${milliseconds} ms`
  const seconds = milliseconds / 1_000
  return new Markdown(seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`)
}
