import type { Json } from '../domain/json.ts'

/** Markdown round text that others wrote: every sign of theirs is shown, and none has a meaning. */

/**
 * Text in a table's cell or a sentence. What can't be seen and could deceive the reader (controls, marks that turn the direction of
 * writing) is spelt out; the joiners that Persian and the scripts of India need stay.
 */
export function prose(text: string): string {
  return text
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(
      /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}]/gu,
      (sign) => `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`,
    )
    .replace(/[\\`*_{}[\]<>|~#&$]/g, '\\$&')
    .replace(/^([+=-]|\d+[.)])/, '\\$1')
}

/** A name, address or digest: it has no white space, and is shown as it is. */
export function code(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? `\`${text}\`` : prose(text)
}

export const count = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ' ')

export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`

/** Cells are Markdown already. Nothing where there are no rows. */
export function table(head: string[], rows: string[][]): string[] {
  if (rows.length === 0) return []
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line), '']
}

/** A value of whatever shape as points, nested where it is. */
export function points(value: Json, indent = ''): string[] {
  if (value === null || typeof value !== 'object') return [`${indent}- ${prose(String(value))}`]
  return Object.entries(value).flatMap(([key, item]) => {
    const name = Array.isArray(value) ? '' : `${prose(key)}: `
    const open = item !== null && typeof item === 'object'
    return open
      ? [`${indent}- ${name}`.trimEnd(), ...points(item, `${indent}  `)]
      : [`${indent}- ${name}${prose(String(item))}`]
  })
}

const FIRST = 70
const LAST = 50

/** First and last words; the whole of a short text. `…` stands for what is left out. */
export function ends(text: string): string {
  const signs = [
    ...text
      .replace(/^\ufeff/, '')
      .replace(/\s+/gu, ' ')
      .trim(),
  ]
  if (signs.length <= FIRST + LAST + 3) return prose(signs.join(''))
  const first = signs
    .slice(0, FIRST)
    .join('')
    .replace(/(?<=\S) \S{0,20}$/u, '')
  const last = signs
    .slice(-LAST)
    .join('')
    .replace(/^\S{0,20} (?=\S)/u, '')
  return `${prose(first)} … ${prose(last)}`
}

/** Lines as one text, with no two blank lines in a row and one newline at its end. */
export const page = (lines: string[]) =>
  `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`
