/** One line of the source, by byte offsets. `end` is after its text, `next` after its line end. */
export interface Line {
  /** Counted from 1. */
  number: number
  start: number
  end: number
  next: number
  ending: 'lf' | 'crlf' | 'cr' | 'none'
}

const LF = 0x0a
const CR = 0x0d

/**
 * Visits the lines in order until the visitor says stop; LF, CRLF and a lone CR end a line. A visitor and not an array:
 * a source may have tens of millions of lines of which only the headings are kept. A byte-order mark is no part of the
 * first line.
 */
export function eachLine(bytes: Uint8Array, visit: (line: Line) => 'stop' | undefined): void {
  const length = bytes.length
  let start = byteOrderMark(bytes)
  for (let number = 1; start < length; number++) {
    let end = start
    while (end < length && bytes[end] !== LF && bytes[end] !== CR) end++
    const ending = endingAt(bytes, end)
    const next = ending === 'none' ? end : ending === 'crlf' ? end + 2 : end + 1
    if (visit({ number, start, end, next, ending }) === 'stop') return
    start = next
  }
}

function endingAt(bytes: Uint8Array, end: number): Line['ending'] {
  if (end === bytes.length) return 'none'
  if (bytes[end] === LF) return 'lf'
  return bytes[end + 1] === LF ? 'crlf' : 'cr'
}

/** Length of the byte-order mark: 3 or 0. */
export function byteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

/** Line and column of a byte, both from 1; the column counts code points, as editors do. */
export function positionOf(bytes: Uint8Array, offset: number): { line: number; column: number } {
  let line = 1
  let lineStart = byteOrderMark(bytes)
  for (let i = lineStart; i < offset; i++) {
    const ends = bytes[i] === LF || (bytes[i] === CR && bytes[i + 1] !== LF)
    if (!ends) continue
    line += 1
    lineStart = i + 1
  }
  let column = 1
  for (let i = lineStart; i < offset; i++) if ((bytes[i]! & 0xc0) !== 0x80) column += 1
  return { line, column }
}

/** The text of a slice. The whole source is known to be UTF-8 before anything is decoded. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
