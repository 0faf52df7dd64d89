import type { DocumentText, TextPiece } from './document-text.ts'
import { isMarkup, readPieces } from './piece-text.ts'

/** Exports a text as Markdown: the source itself if it is Markdown, else each unit and container under a heading of its depth. */
export function toMarkdown({ pieces }: DocumentText): { markdown: string; asWritten: boolean } {
  if (isMarkdown(pieces)) return { markdown: pieces.map(({ text }) => text).join(''), asWritten: true }
  const depths = new Map<string, number>()
  const asMarkup = isMarkup(pieces)
  const blocks = readPieces(pieces).flatMap((piece) => {
    if (piece.kind === 'other') return [bodyLines(piece.body)]
    const depth = piece.parent === null ? 0 : (depths.get(piece.parent) ?? 0) + 1
    if (piece.address !== null) depths.set(piece.address, depth)
    return [
      `${'#'.repeat(Math.min(6, depth + 1))} ${escapeInline(piece.head)}`,
      bodyLines(asMarkup ? piece.body : textBehindFirstLine(piece.text)),
    ]
  })
  return { markdown: `${blocks.filter((block) => block !== '').join('\n\n')}\n`, asWritten: false }
}

/** Whether every record that has a heading begins with a Markdown heading. */
function isMarkdown(pieces: TextPiece[]): boolean {
  const headed = pieces.filter(({ kind, heading }) => kind !== 'other' && heading !== null)
  return headed.length > 0 && headed.every(({ text }) => /^\ufeff? {0,3}#{1,6}(?:[ \t]|\r|\n|$)/.test(text))
}

const textBehindFirstLine = (text: string) => text.slice(/^[^\r\n]*/.exec(text)![0].length)

function bodyLines(text: string): string {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .map((line) => escapeBlockStart(escapeInline(line.trim())))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** Escapes syntax inside of a line (CommonMark 0.31, section 2.4). */
const escapeInline = (line: string) => line.replace(/[\\`*_[\]<&~|]/g, '\\$&')

/** Escapes the beginning of a block: a heading, quotation, list, rule or table. */
const escapeBlockStart = (line: string) =>
  line.replace(/^([#>+=-])/, '\\$1').replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2')
