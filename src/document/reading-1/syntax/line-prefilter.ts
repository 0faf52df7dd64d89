/**
 * Tables for a test of a line's first bytes, which rules out nearly all text before it is decoded. Of a text of 50 MB a few lines
 * in a hundred are decoded.
 */
export interface OpeningBytes {
  /** By the first two bytes. A first byte outside of ASCII always passes. */
  pairs: Uint8Array
  /** Hashes of first words in ASCII. */
  words: Set<number>
}

const MAY = 1
const ASK_WORD = 2

const isLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
const ROMAN = new Set([...'IVXLCDM'].map((sign) => sign.charCodeAt(0)))
const hashed = (hash: number, byte: number) => (Math.imul(hash, 31) + (byte | 0x20)) | 0

/** Compiles the tables from the folded first words of heading forms and the ignored prefixes (`signs`). */
export function compileOpeningBytes(words: Iterable<string>, signs: string[]): OpeningBytes {
  const pairs = new Uint8Array(0x1_0000)
  const hashes = new Set<number>()
  const allow = (first: number, how: number, fits: (second: number) => boolean) => {
    for (let second = 0; second < 256; second++)
      if (fits(second) && pairs[(first << 8) | second] !== MAY) pairs[(first << 8) | second] = how
  }
  for (let first = 0x80; first < 256; first++) allow(first, MAY, () => true)
  for (let digit = 0x30; digit <= 0x39; digit++) allow(digit, MAY, () => true)
  for (const sign of signs) allow(Buffer.from(sign)[0] ?? 0, MAY, () => true)
  for (const first of ROMAN)
    allow(first, MAY, (second) => ROMAN.has(second) || second === 0x2e || second === 0x20 || second === 0x09)
  for (const word of words) {
    const first = word.charCodeAt(0)
    const next = word.charCodeAt(1)
    if (!isLetter(first)) continue
    hashes.add([...word].reduce((hash, sign) => hashed(hash, sign.charCodeAt(0)), 0))
    // The first letter may be followed by a combining accent, or by a letter that has one.
    const fits = (second: number) =>
      second >= 0x80 || (word.length === 1 ? !isLetter(second) : (second | 0x20) === next)
    allow(first, ASK_WORD, fits)
    allow(first & ~0x20, ASK_WORD, fits)
  }
  return { pairs, words: hashes }
}

/** Tests whether a line may open a heading. False for nearly all text, never for a form's first word or a number. */
export function mayOpenHeading(bytes: Uint8Array, from: number, end: number, opening: OpeningBytes): boolean {
  const second = from + 1 < end ? bytes[from + 1]! : 0x20
  const how = opening.pairs[(bytes[from]! << 8) | second]
  if (how !== ASK_WORD) return how === MAY
  let hash = 0
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!
    if (byte >= 0x80) return true
    if (!isLetter(byte)) break
    hash = hashed(hash, byte)
  }
  return opening.words.has(hash)
}

/** Returns the offset of the first byte that is not an ASCII blank, or `end`. */
export function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d))) at++
  return at
}
