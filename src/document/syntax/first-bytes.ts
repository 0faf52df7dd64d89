import type { Lexicon } from '../structure/headings/lexicon.ts'

/** The line must be read. */
export const READ = 1
/** The line may be a heading by its first word. */
export const ASK = 2

/** Compiles a table by the first two bytes of a line: whether it must be read, may be a heading by its first word, or is text. */
export function compileBeginnings({ openingBytes, profile, marks }: Lexicon): Uint8Array {
  // Every line of a profile with marks may begin with one.
  if (marks.length > 0) return new Uint8Array(0x1_0000).fill(READ)
  const readsWords = profile.runIns.length > 0
  const marked = profile.headingSign === '=' ? DELIMITED : MARKED
  return openingBytes.pairs.map((how, pair) => {
    const first = pair >> 8
    if (first <= 0x20 || marked.has(first)) return READ
    return how === 0 || !readsWords ? 0 : how === ASK ? ASK : READ
  })
}

/** First bytes of headings, their underlines and blocks. */
const MARKED = new Set([...'#`~<=-'].map((sign) => sign.charCodeAt(0)))
/** With those of the delimited blocks of AsciiDoc. */
const DELIMITED = new Set([...MARKED, ...[...'./_+*'].map((sign) => sign.charCodeAt(0))])
