/** Characters that a reader can't see or would take for others. */

export interface Piece {
  text: string
  kind: 'plain' | 'hidden' | 'mixed'
  /** What is odd about it; empty for a plain piece. */
  note: string
}

/** The hidden characters of domain/visible.ts, which the command line spells. Line ends and tabs are kept where a text has lines. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u
const ODD_BLANK = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/u

const SCRIPTS: [name: string, pattern: RegExp][] = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
]

/** As domain/markdown.ts spells a hidden character. */
const SPELLED = /^U\+[0-9A-F]{4,6}$/
const PIECE = /U\+[0-9A-F]{4,6}|(?:(?!U\+[0-9A-F]{4})[\p{L}\p{M}\p{N}_])+|[^\p{L}\p{M}\p{N}_]/gu

const spelled = (sign: string) => `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`

/**
 * Splits a text where characters are hidden, and where a word mixes scripts whose letters are alike (Unicode TR 39).
 * @param lines keeps line ends and tabs, for a text that is shown with its lines
 */
export function piecesOf(text: string, { lines = false } = {}): Piece[] {
  const pieces: Piece[] = []
  for (const [word] of text.matchAll(PIECE)) {
    if (SPELLED.test(word))
      pieces.push({
        text: word,
        kind: 'hidden',
        note: 'a character that can’t be seen, spelled by the service',
      })
    else if (HIDDEN.test(word) && !(lines && /^[\n\t]$/.test(word)))
      pieces.push({ text: spelled(word), kind: 'hidden', note: 'a character that can’t be seen' })
    else if (ODD_BLANK.test(word))
      pieces.push({ text: spelled(word), kind: 'hidden', note: 'a blank of an unusual width' })
    else {
      const scripts = SCRIPTS.filter(([, pattern]) => pattern.test(word)).map(([name]) => name)
      if (scripts.length > 1)
        pieces.push({ text: word, kind: 'mixed', note: `letters of ${scripts.join(' and ')} in one word` })
      else plain(pieces, word)
    }
  }
  return pieces
}

function plain(pieces: Piece[], text: string): void {
  const last = pieces.at(-1)
  if (last?.kind === 'plain') last.text += text
  else pieces.push({ text, kind: 'plain', note: '' })
}

/** How many characters and words of a text are odd. */
export const countOdd = (text: string) =>
  piecesOf(text, { lines: true }).filter(({ kind }) => kind !== 'plain').length
