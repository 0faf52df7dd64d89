/** A line of the source, by byte offsets. `end` is behind its text, `next` behind its line end. */
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
 * Visits the lines in order until the visitor returns 'stop'. LF, CRLF and a lone CR end a line; a byte-order mark is not part of the
 * first line. A visitor needs less memory than an array: a source may have tens of millions of lines. All calls get the same object,
 * so a visitor that keeps a line has to copy it.
 */
export function eachLine(bytes: Uint8Array, visit: (line: Line) => 'stop' | undefined): void {
  const length = bytes.length
  const { words, first } = wordsOf(bytes)
  const start = byteOrderMark(bytes)
  const line: Line = { number: 0, start, end: start, next: start, ending: 'none' }
  while (line.next < length) {
    line.number += 1
    line.start = line.next
    let end = line.start
    while (end < length) {
      const byte = bytes[end]!
      if (byte <= CR && (byte === LF || byte === CR)) break
      end += 1
      if (((end - first) & 3) !== 0) continue
      // Nearly every word of four bytes has only bytes above both.
      let word = (end - first) >> 2
      while (word < words.length && !holdsControl(words[word]!)) word += 1
      end = first + word * 4
    }
    line.end = end
    line.ending = endingAt(bytes, end)
    line.next = line.ending === 'none' ? end : line.ending === 'crlf' ? end + 2 : end + 1
    if (visit(line) === 'stop') return
  }
}

/** The bytes in words of four, from the byte `first` on, at which memory allows them. Up to three bytes at either end are in no word. */
export function wordsOf(bytes: Uint8Array): { words: Int32Array; first: number } {
  const first = Math.min(-bytes.byteOffset & 3, bytes.length)
  return {
    words: new Int32Array(bytes.buffer, bytes.byteOffset + first, (bytes.length - first) >> 2),
    first,
  }
}

/** Whether a word has a byte below 0x0e, as LF and CR are: the usual test for a borrow from one of its four bytes. */
function holdsControl(word: number): boolean {
  return ((word - 0x0e0e0e0e) & ~word & 0x80808080) !== 0
}

function endingAt(bytes: Uint8Array, end: number): Line['ending'] {
  if (end === bytes.length) return 'none'
  if (bytes[end] === LF) return 'lf'
  return bytes[end + 1] === LF ? 'crlf' : 'cr'
}

/** Returns the length of the byte-order mark: 3 or 0 bytes. */
export function byteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

/** Returns line and column of a byte, both from 1. The column counts code points, as editors do. */
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

/** Returns the same bytes as a Buffer, whose methods are native. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Decodes a slice. The complete source is known to be UTF-8 before anything is decoded. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return asBuffer(bytes).toString('utf8', start, end)
}
