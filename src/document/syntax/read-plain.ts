import {
  type Doubt,
  type Heading,
  mostDoubts,
  mostHeadings,
  type SyntaxReading,
} from '../structure/headings/heading-match.ts'
import type { Lexicon } from '../structure/headings/lexicon.ts'
import { BareRun } from './bare-run.ts'
import { mayOpenHeading, skipBlanks } from './line-prefilter.ts'
import { byteOrderMark, eachLine, textOf } from './lines.ts'
import { findMarkerHeadings, readWordsHeading } from './paragraph-headings.ts'
import { Quotation, quotationLine } from './quoted-text.ts'
import {
  addRepeatedHeadings,
  countRepeatedForm,
  mayRepeatBytes,
  type RepeatedForm,
  roleOfHeading,
} from './repeated-forms.ts'
import { classifyLineEnd, type PrecedingText } from './run-in-headings.ts'

/** Longest line, in bytes, that may be a heading of unknown words. */
const LONGEST_REPEATED_BYTES = 600

/**
 * Reads numbered headings of plain text. A heading has a line of its own, with a title only where a paragraph may begin, or it is
 * the first words of a paragraph. Words that no profile knows count if they repeat with growing numbers and known words hardly
 * occur.
 */
export function readPlain(bytes: Uint8Array, lexicon: Lexicon): SyntaxReading {
  let known: Heading[] = []
  const doubts: Doubt[] = []
  const forms = new Map<string, RepeatedForm>()
  const { leaves: wanted, repeatedForms } = lexicon.profile
  // A profile that names its leaves knows all of its words.
  const least = wanted === 'most-frequent' ? repeatedForms : 0
  const quotation = new Quotation()
  const run = new BareRun()
  let leaves = 0
  let before: PrecedingText = 'break'
  let textBefore = 0
  eachLine(bytes, (line) => {
    const from = skipBlanks(bytes, line.start, line.end)
    if (from === line.end) {
      before = 'break'
      return undefined
    }
    const mark = quotationLine(bytes, from, line.end)
    if (mark !== null) known = known.slice(0, quotation.follow(mark, known.length))
    const opens = mayOpenHeading(bytes, from, line.end, lexicon.openingBytes)
    if (leaves === 0 && isDigit(bytes[from]!) && before !== 'text') run.follow(bytes, from, line.end)
    const place = { line, from, before, textBefore }
    const { heading, doubt } = opens ? readWordsHeading(bytes, place, 1, lexicon) : NO_HEADING
    if (doubt !== null && doubts.length < mostDoubts) doubts.push(doubt)
    if (heading !== null) {
      known.push(heading)
      if (roleOfHeading(heading, lexicon) === 'leaf' && heading.tentative === undefined) leaves += 1
    } else {
      const marked = findMarkerHeadings(bytes, place, 7, lexicon)
      if (marked.length > 0) {
        known.push(...marked)
        textBefore = 0
        before = marked.some(({ words }) => words !== '') ? 'break' : classifyLineEnd(bytes, from, line.end)
        return known.length > mostHeadings ? 'stop' : undefined
      }
      textBefore += 1
      const isShort = line.end - line.start <= LONGEST_REPEATED_BYTES
      if (isShort && leaves < least && mayRepeatBytes(bytes, from, line.end)) {
        countRepeatedForm(forms, line, textOf(bytes, from, line.end).trim(), lexicon)
      }
    }
    const isOwnLine = heading !== null && heading.after > heading.start
    before = isOwnLine ? 'break' : classifyLineEnd(bytes, from, line.end)
    return known.length > mostHeadings ? 'stop' : undefined
  })
  const doubt = ({ line, start, text, level, number, sort }: Heading) => {
    const why = 'the others are of a form in other words'
    if (doubts.length < mostDoubts)
      doubts.push({ line, start, text, level: level!, number, sort, isBare: true, why })
  }
  const headings = leaves < least ? addRepeatedHeadings(known, leaves, forms, lexicon, doubt) : known
  return {
    headings,
    doubts,
    bareRun: run.longest,
    bodyStart: byteOrderMark(bytes),
    overlong: null,
    unclosed: null,
  }
}

const NO_HEADING = { heading: null, doubt: null }

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
