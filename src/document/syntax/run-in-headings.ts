import { textOf } from './lines.ts'

/** The text before a line: whether a new paragraph may begin at the line. */
export type PrecedingText = 'break' | 'sentence-end' | 'text'

/** Continuations of a Korean sentence that begins with a reference to an article: "제5조 제1항에 따라", "제5조 및 제6조". */
const KOREAN_REFERENCE = /^(?:제\s?\p{Nd}|및|또는|내지|부터|까지|중|등|각\s?호|본문|단서|전단|후단)/u

/**
 * Tests whether a sign ends the number of a paragraph: "Article 5. Everyone has …", "第五条　国民は…", "제5조(목적) 이 법은 …". "Article 5
 * of the Act applies" is not a heading. In Chinese and Japanese the sign is a space, because they write no other spaces. In Korean it
 * is a bracket, a circled number, or a space without a reference behind it, because particles are written without a space.
 */
export function isSetOff(numbered: string, rest: string, before: PrecedingText): boolean {
  if (/^\p{sc=Han}/u.test(numbered)) return /\s$/.test(numbered) || /^[：:、【（(]/u.test(rest)
  if (/^\p{sc=Hangul}/u.test(numbered)) {
    if (before === 'text') return false
    return /^[([（［【<\u2460-\u2473]/u.test(rest) || (/\s$/.test(numbered) && !KOREAN_REFERENCE.test(rest))
  }
  return before !== 'text' && /^[.:)\]．۔።།။।։។–—―‒−-]/u.test(rest)
}

/**
 * Tests whether a paragraph may begin with its number although no sign ends the number: "Art. 1º The door", "第一条为了". A capital letter or a letter without case begins the text. Such a heading counts only if it continues the numbers.
 */
export function mayBeSetOff(numbered: string, rest: string, before: PrecedingText): boolean {
  return (
    before !== 'text' &&
    !/^\p{sc=Hangul}/u.test(numbered) &&
    /^["“«(]?[\p{Lu}\p{Lt}\p{Lo}\p{Nd}①-⑳]/u.test(rest)
  )
}

const SENTENCE_END = /[.;:!?。；：！？…”"»)）。।؟۔]$/u
// A tag of HTML ends a line in texts of other syntaxes.
const ASCII_END = new Set([...'.;:!?")>'].map((sign) => sign.charCodeAt(0)))

/** Classifies the end of a line of text for the line behind it. */
export function classifyLineEnd(bytes: Uint8Array, from: number, end: number): PrecedingText {
  let last = end - 1
  while (last > from && (bytes[last] === 0x20 || (bytes[last]! >= 0x09 && bytes[last]! <= 0x0d))) last -= 1
  if (bytes[last]! < 0x80) return ASCII_END.has(bytes[last]!) ? 'sentence-end' : 'text'
  const tail = textOf(bytes, Math.max(from, last - 11), last + 1).trimEnd()
  if (tail !== '') return SENTENCE_END.test(tail) ? 'sentence-end' : 'text'
  return 'break'
}
