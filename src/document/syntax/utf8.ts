import { isUtf8 } from 'node:buffer'
import { CutterError } from '../../domain/errors.ts'
import { positionOf } from './lines.ts'

/**
 * Asserts that the source of a document is not empty, is UTF-8 and has a character that can be read: byte-order marks, spaces and
 * ends of lines alone are no text.
 *
 * @throws INPUT_REFUSED when it is not, with the byte and the line of the first fault.
 */
export function assertUtf8Source(bytes: Uint8Array, document: string): void {
  if (bytes.length === 0) {
    throw new CutterError('INPUT_REFUSED', `the source of ${document} is empty`, {
      next: 'give the file that holds the text',
    })
  }
  if (isUtf8(bytes)) {
    if (hasVisibleCharacter(bytes)) return
    throw new CutterError(
      'INPUT_REFUSED',
      `the source of ${document} has no text: ${bytes.length} bytes of blanks`,
      {
        next: 'give the file that holds the text',
      },
    )
  }
  const offset = findInvalidUtf8(bytes)
  const { line } = positionOf(bytes, offset)
  const encoding = likelyEncoding(bytes)
  throw new CutterError(
    'INPUT_REFUSED',
    `the source of ${document} is not UTF-8: byte ${offset} on line ${line} is not part of a character; it may be ${encoding}`,
    {
      next: `convert the source, e.g. iconv -f ${encoding} -t UTF-8 <source> > <new file>, read it through, and start with the new file`,
      data: { offset, line },
    },
  )
}

/** Most texts show a sign of ASCII in their first bytes, and are not decoded for this question. */
function hasVisibleCharacter(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => byte > 0x20)
  if (first === undefined) return false
  return first < 0x7f || /[^\s\p{Cc}\p{Cf}]/u.test(Buffer.from(bytes).toString())
}

/** Guesses the encoding of an office program's file: UTF-16 by its byte-order mark, else the usual one of the West. */
function likelyEncoding(bytes: Uint8Array): string {
  const [first, second] = bytes
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
    ? 'UTF-16'
    : 'WINDOWS-1252'
}

/**
 * Finds the offset of the first byte that cannot be part of well-formed UTF-8 (RFC 3629: no overlong form, no surrogate, nothing
 * above U+10FFFF), or -1. A decoder reports only that such a byte exists, and the message has to say where.
 */
function findInvalidUtf8(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at]!
    if (first < 0x80) {
      at += 1
      continue
    }
    const length = sequenceLength(bytes, at, first)
    if (length === 0) return at
    at += length
  }
  return -1
}

function sequenceLength(bytes: Uint8Array, at: number, first: number): number {
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > bytes.length) return 0
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0
  const second = bytes[at + 1]!
  if (first === 0xe0 && second < 0xa0) return 0
  if (first === 0xed && second > 0x9f) return 0
  if (first === 0xf0 && second < 0x90) return 0
  if (first === 0xf4 && second > 0x8f) return 0
  return length
}
