import type { Profile, Syntax } from '../profiles/profile.ts'
import type { Boundary } from '../structure/outline.ts'
import type { PlacedRecord, ScanRecord } from '../structure/records.ts'
import { textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'

/*
 * Finds units without any text: "3. §" alone, "Article 3" directly before "Article 4". Their text may have been lost on the way into the
 * source, or it stands where no reading expects it.
 */

/** A longer record has text: its bytes, without and with markup. */
const LONG = { plain: 700, html: 3_000 }
/** Elements whose text is the number or the title. */
const HEADINGS = /<(num|heading|h[1-6])\b[^<>]*>[\s\S]*?<\/\1\s*>/gi
/** Words, or more than the number of a page. */
const TEXT = /\p{L}|\p{N}[^\p{N}]+\p{N}/u
const UNSEEN = /<!--[\s\S]*?(?:-->|$)|<[^<>]*>|&[#\w]{2,8};/g

/** Finds units whose number, or whose number and title, are all of them. */
export function findEmptyUnits(
  bytes: Uint8Array,
  boundaries: Boundary[],
  placed: PlacedRecord[],
  profile: Profile,
  syntax: Syntax,
): Problem[] {
  const named = new Set(profile.levels.flatMap(({ name, headings }) => (headings.length > 0 ? [name] : [])))
  const headings = new Map<number, Boundary['heading']>()
  for (const { kind, heading } of boundaries) if (kind === 'unit') headings.set(heading.start, heading)
  const filled = new Map<string, number>()
  const titled: PlacedRecord[] = []
  const bare: PlacedRecord[] = []
  for (const [i, each] of placed.entries()) {
    const { record } = each
    const heading = headings.get(record.start)
    if (record.kind !== 'unit' || heading === undefined || !named.has(record.level!)) continue
    // A unit that holds others has its text in them.
    const holds = placed[i + 1]?.record.parent === record.address
    if (holds || hasText(bytes, record, heading, syntax))
      filled.set(record.level!, (filled.get(record.level!) ?? 0) + 1)
    else if (/[\p{L}\p{N}]/u.test(heading.words)) titled.push(each)
    else bare.push(each)
  }
  const count = (level: string | null) => titled.filter(({ record }) => record.level === level).length
  // Where most have a title alone, the titles are the text.
  const lacking = titled.filter(({ record: { level } }) => count(level) * 2 <= (filled.get(level!) ?? 0))
  // A text without anything but headings lacks all of its text at once.
  const [first] = bare
  if (filled.size === 0 && titled.length === 0 && first !== undefined && bare.length > 1) {
    const message = `none of the ${bare.length} units has text: the first is ${first.record.address}, "${first.record.heading}". This may be a table of contents, or the text is missing in the source`
    const { line, record } = first
    return [createProblem('UNIT_EMPTY', message, { line, column: 1, start: record.start })]
  }
  return [
    ...bare.map((each) => problemOf('UNIT_EMPTY', each, 'its number is all of it')),
    ...lacking.map((each) => problemOf('UNIT_TITLE_ALONE', each, 'its number and its title are all of it')),
  ]
}

function problemOf(
  code: 'UNIT_EMPTY' | 'UNIT_TITLE_ALONE',
  { record: { address, heading, start }, line }: PlacedRecord,
  what: string,
): Problem {
  const message = `${address} has no text: "${heading}" stands alone, and ${what}. Its text may be missing in the source`
  return createProblem(code, message, { line, column: 1, start })
}

function hasText(
  bytes: Uint8Array,
  { start, end }: ScanRecord,
  { after, text, element }: Boundary['heading'],
  syntax: Syntax,
): boolean {
  const isMarked = syntax === 'html'
  if (end - start > (isMarked ? LONG.html : LONG.plain)) return true
  // The beginning of a paragraph has text behind it.
  if (after <= start && element === undefined) return true
  const body = textOf(bytes, Math.max(start, after), end)
  if (!isMarked) return TEXT.test(body)
  const seen = (element === undefined ? body : body.replace(HEADINGS, '')).replace(UNSEEN, '').trim()
  return TEXT.test(element !== undefined && seen.startsWith(text) ? seen.slice(text.length) : seen)
}
