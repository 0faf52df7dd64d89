import type { Syntax } from '../profiles/profile.ts'
import { asBuffer, eachLine, textOf } from '../syntax/lines.ts'

/** Elements of HTML that begin or end a line. */
const BLOCKS =
  /<(?:!--[\s\S]*?-->|(?:script|style)\b[\s\S]*?<\/(?:script|style)|\/?(?:p|div|h[1-6]|li|d[tdl]|t[dhr]|ul|ol|table|blockquote|center|br|hr|article|section|main|header|footer|nav|aside|body|html|head)\b[^<>]*)>?/gi
const ENTITIES: { [name: string]: string } = {
  quot: '"',
  '#34': '"',
  ldquo: '“',
  rdquo: '”',
  bdquo: '„',
  laquo: '«',
  raquo: '»',
  nbsp: ' ',
}
/** Bytes of a line that are asked. */
const ASKED = 400

/**
 * Visits the lines of a text, and for HTML the texts between its block elements, with their places. `mayCount` tests the first bytes of a line
 * of plain text or Markdown before it is decoded. Of long lines the beginning and the end are given, with a space between them.
 */
export function eachTextLine(
  bytes: Uint8Array,
  syntax: Syntax,
  mayCount: (from: number, end: number) => boolean,
  visit: (text: string, start: number) => void,
): void {
  if (syntax !== 'html') {
    eachLine(bytes, ({ start, end }) => {
      if (end > start && mayCount(start, end)) visit(shortened(bytes, start, end), start)
      return undefined
    })
    return
  }
  const source = asBuffer(bytes)
  // One sign is one byte, so that places are offsets.
  const signs = source.toString('latin1')
  let from = 0
  for (const block of [...signs.matchAll(BLOCKS), null]) {
    const to = block === null ? bytes.length : block.index
    if (to > from) {
      const text = shortened(bytes, from, to)
        .replace(/<[^<>]*>/g, '')
        .replace(/&(#34|[a-z]{4,5});/g, (all, name: string) => ENTITIES[name] ?? all)
        .trim()
      if (text !== '') visit(text, from)
    }
    if (block !== null) from = block.index + block[0].length
  }
}

function shortened(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= ASKED * 2) return textOf(bytes, start, end)
  return `${textOf(bytes, start, start + ASKED)} ${textOf(bytes, end - ASKED, end)}`
}
