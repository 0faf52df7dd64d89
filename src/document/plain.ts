import { type Found, type Heading, headingAt, longestHeadingBytes, mostHeadings } from './found.ts'
import { type Lexicon, mayBeForm } from './heading.ts'
import { byteOrderMark, eachLine, type Line, textOf } from './lines.ts'
import { type Form, follow, roleOf, withRepeated } from './repeated.ts'
import { runInHeading } from './run-in.ts'

const LONGEST_TITLED = 160

/** What a line leaves for the next one: whether a new paragraph may begin there. */
export type Before = 'break' | 'sentence-end' | 'text'

/**
 * Numbered headings on lines of their own: words and number alone, or with a title where a paragraph may begin; and run-ins,
 * a number as the first words of a paragraph. Words that no profile knows count when they repeat with growing numbers and the
 * known ones hardly occur.
 */
export function readPlain(bytes: Uint8Array, lexicon: Lexicon): Found {
  const known: Heading[] = []
  const forms = new Map<string, Form>()
  // A profile that names its leaves knows all its words.
  const least = lexicon.profile.leaves === 'most-frequent' ? lexicon.profile.repeatedForms : 0
  let leaves = 0
  let before: Before = 'break'
  eachLine(bytes, (line) => {
    if (line.start === line.end) {
      before = 'break'
      return undefined
    }
    const raw =
      line.end - line.start > longestHeadingBytes ? null : textOf(bytes, line.start, line.end).trim()
    const ownLine =
      raw === null || raw.length > LONGEST_TITLED ? null : lineHeading(line, raw, before, lexicon)
    const heading = ownLine ?? runInHeading(bytes, line, before, lexicon)
    if (heading !== null) {
      known.push(heading)
      if (roleOf(heading, lexicon) === 'leaf') leaves += 1
    } else if (raw !== null && leaves < least) follow(forms, line, raw, lexicon)
    before =
      ownLine !== null || raw === '' ? 'break' : endsSentence(bytes, line, raw) ? 'sentence-end' : 'text'
    return known.length > mostHeadings ? 'stop' : undefined
  })
  const headings = leaves < least ? withRepeated(known, leaves, forms, lexicon) : known
  return { headings, bodyStart: byteOrderMark(bytes), overlong: null, unclosed: null }
}

const SENTENCE_END = /[.;:!?。；：！？…”"»)）。]$/u

function endsSentence(bytes: Uint8Array, line: Line, raw: string | null): boolean {
  return SENTENCE_END.test(raw ?? textOf(bytes, Math.max(line.start, line.end - 4), line.end))
}

function lineHeading(line: Line, raw: string, before: Before, lexicon: Lexicon): Heading | null {
  if (!mayBeForm(raw, lexicon)) return null
  const heading = headingAt(line, 1, raw, lexicon)
  if (heading.level === null || /^\p{Ll}/u.test(heading.text)) return null
  const bare = heading.words.replace(/[\s\p{P}]/gu, '') === ''
  if (heading.number === null) return bare && roleOf(heading, lexicon) === 'annex' ? heading : null
  return bare || heading.mark !== null || isTitle(heading.words, before) ? heading : null
}

/** "Điều 5. Giải thích từ ngữ" is a heading, "Article 5 of the Act applies," in the middle of a paragraph is not. */
function isTitle(words: string, before: Before): boolean {
  if (before === 'text' || /[,;，；、]$/.test(words)) return false
  if (/^\s*[.:)–—-]/.test(words)) return true
  return before === 'break' && /^[\p{Lu}\p{Lo}(["“«]/u.test(words) && !/[.:。：]$/.test(words)
}
