/**
 * Tables for a test of a line's first bytes, which rules out nearly all text before it is decoded. Of a text of 50 MB a few lines
 * in a hundred are decoded.
 */
export interface OpeningBytes {
  /** By the first two bytes. */
  pairs: Uint8Array
  /** Hashes of first words in ASCII. */
  words: Set<number>
}

const MAY = 1
const ASK_WORD = 2

const isLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
const ROMAN = new Set([...'IVXLCDM'].map((sign) => sign.charCodeAt(0)))
const hashed = (hash: number, byte: number) => (Math.imul(hash, 31) + (byte | 0x20)) | 0

/** First bytes of digits in many scripts, of full-width signs and of spaces and marks without a width. */
const OPEN_LEADS = [0xe0, 0xe1, 0xef, 0xf0]
const OPEN_PAIRS = [0xc2ad, 0xc2a0, 0xcd8f, 0xd89c, 0xe280, 0xe281, 0xe285, 0xe380]

/**
 * Compiles the tables from the folded first words of heading forms, their first signs as they are written, and the ignored prefixes
 * (`prefixes`).
 */
export function compileOpeningBytes(
  words: Iterable<string>,
  firstSigns: Iterable<string>,
  prefixes: string[],
): OpeningBytes {
  const pairs = new Uint8Array(0x1_0000)
  const hashes = new Set<number>()
  const allow = (first: number, how: number, fits: (second: number) => boolean) => {
    for (let second = 0; second < 256; second++)
      if (fits(second) && pairs[(first << 8) | second] !== MAY) pairs[(first << 8) | second] = how
  }
  const any = () => true
  for (const lead of OPEN_LEADS) allow(lead, MAY, any)
  for (const pair of OPEN_PAIRS) pairs[pair] = MAY
  for (const lead of [0xd9, 0xdb])
    allow(lead, MAY, (second) => (second >= 0xa0 && second <= 0xa9) || second >= 0xb0)
  for (let digit = 0x30; digit <= 0x39; digit++) allow(digit, MAY, any)
  for (const prefix of [...prefixes, '(§', '[§']) {
    const [first = 0, second = 0] = Buffer.from(prefix)
    pairs[(first << 8) | second] = MAY
  }
  for (const first of ROMAN)
    allow(first, MAY, (second) => ROMAN.has(second) || second === 0x2e || second === 0x20 || second === 0x09)
  // Emphasis, links and tags around the words: "**§ 5**", "[§ 106]", "<b>".
  for (const sign of '*_~') pairs[(sign.charCodeAt(0) << 8) | sign.charCodeAt(0)] = MAY
  for (const sign of '[<_') allow(sign.charCodeAt(0), MAY, (second) => isLetter(second) || second >= 0x80)
  for (const sign of firstSigns) {
    for (const written of [sign.toLowerCase(), sign.toUpperCase(), sign.normalize('NFD')[0]!]) {
      const [first, second] = Buffer.from(written)
      if (first! >= 0x80) pairs[(first! << 8) | second!] = MAY
    }
  }
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

/**
 * Returns the offset of `sign` behind signs without a width that stand at `start`: marks of direction, joiners, byte-order marks, soft
 * hyphens. Returns `start` where something else follows them.
 */
export function unseenBefore(bytes: Uint8Array, start: number, end: number, sign: number): number {
  let at = start
  for (
    let length = unseenLength(bytes, at);
    length > 0 && at + length < end;
    length = unseenLength(bytes, at)
  )
    at += length
  return bytes[at] === sign ? at : start
}

function unseenLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!
  if (lead < 0x80) return 0
  const [second, third] = [bytes[at + 1], bytes[at + 2]]
  if (lead === 0xc2) return second === 0xad ? 2 : 0
  if (lead === 0xd8) return second === 0x9c ? 2 : 0
  if (lead === 0xef) return second === 0xbb && third === 0xbf ? 3 : 0
  if (lead !== 0xe2) return 0
  if (second === 0x80) return (third! >= 0x8b && third! <= 0x8f) || (third! >= 0xaa && third! <= 0xae) ? 3 : 0
  return second === 0x81 && third! >= 0xa0 && third! <= 0xaf ? 3 : 0
}
