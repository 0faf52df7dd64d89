import { byteOrderMark, eachLine, type Line, textOf } from '../../syntax/lines.ts'
import {
  type Heading,
  longestHeadingBytes,
  matchHeading,
  mostHeadings,
  type SyntaxReading,
} from '../structure/headings/heading-match.ts'
import { type Lexicon, mayBeForm } from '../structure/headings/lexicon.ts'
import { mayOpenHeading, skipBlanks } from './line-prefilter.ts'
import { findMarkerHeadings } from './paragraph-headings.ts'
import {
  addRepeatedHeadings,
  countRepeatedForm,
  mayRepeatBytes,
  type RepeatedForm,
  roleOfHeading,
} from './repeated-forms.ts'
import { classifyLineEnd, findRunInHeading, type PrecedingText } from './run-in-headings.ts'

const LONGEST_TITLED = 160

/**
 * Reads numbered headings of plain text. A heading has a line of its own, with a title only where a paragraph may begin, or it is
 * a run-in: the first words of a paragraph. Words that no profile knows count if they repeat with growing numbers and known
 * words hardly occur.
 */
export function readPlain(bytes: Uint8Array, lexicon: Lexicon): SyntaxReading {
  const known: Heading[] = []
  const forms = new Map<string, RepeatedForm>()
  const { runIns, leaves: wanted, repeatedForms } = lexicon.profile
  const runIn = runIns.includes('words')
  // A profile that names its leaves knows all of its words.
  const least = wanted === 'most-frequent' ? repeatedForms : 0
  let leaves = 0
  let before: PrecedingText = 'break'
  let textBefore = 0
  eachLine(bytes, (line) => {
    const from = skipBlanks(bytes, line.start, line.end)
    if (from === line.end) {
      before = 'break'
      return undefined
    }
    const isShort = line.end - line.start <= longestHeadingBytes
    const opens = mayOpenHeading(bytes, from, line.end, lexicon.openingBytes)
    const raw = isShort && opens ? textOf(bytes, from, line.end).trim() : null
    const ownLine =
      raw === null || raw.length > LONGEST_TITLED ? null : lineHeading(line, raw, before, lexicon)
    const heading = ownLine ?? (opens && runIn ? findRunInHeading(bytes, line, before, lexicon) : null)
    if (heading !== null) {
      known.push(heading)
      if (roleOfHeading(heading, lexicon) === 'leaf') leaves += 1
    } else {
      const marked = findMarkerHeadings(bytes, { line, from, before, textBefore }, lexicon)
      if (marked.length > 0) {
        known.push(...marked)
        textBefore = 0
        before = marked.some(({ words }) => words !== '') ? 'break' : classifyLineEnd(bytes, from, line.end)
        return known.length > mostHeadings ? 'stop' : undefined
      }
      textBefore += 1
      if (isShort && leaves < least && mayRepeatBytes(bytes, from, line.end)) {
        countRepeatedForm(forms, line, raw ?? textOf(bytes, from, line.end).trim(), lexicon)
      }
    }
    before = ownLine === null ? classifyLineEnd(bytes, from, line.end) : 'break'
    return known.length > mostHeadings ? 'stop' : undefined
  })
  const headings = leaves < least ? addRepeatedHeadings(known, leaves, forms, lexicon) : known
  return { headings, bodyStart: byteOrderMark(bytes), overlong: null, unclosed: null }
}

function lineHeading(line: Line, raw: string, before: PrecedingText, lexicon: Lexicon): Heading | null {
  if (!mayBeForm(raw, lexicon)) return null
  const heading = matchHeading(line, 1, raw, lexicon)
  if (heading.level === null || /^\p{Ll}/u.test(heading.text)) return null
  const isBare = heading.words.replace(/[\s\p{P}]/gu, '') === ''
  if (heading.number === null) return isBare && roleOfHeading(heading, lexicon) === 'annex' ? heading : null
  return isBare || heading.mark !== null || isTitle(heading.words, before) ? heading : null
}

/** Tells a heading with a title, "Điều 5. Giải thích từ ngữ", from a sentence, "Article 5 of the Act applies,". */
function isTitle(words: string, before: PrecedingText): boolean {
  if (before === 'text' || /[,;，；、]$/.test(words)) return false
  if (/^\s*[.:)–—-]/.test(words)) return true
  return before === 'break' && /^[\p{Lu}\p{Lo}(["“«]/u.test(words) && !/[.:。：]$/.test(words)
}
