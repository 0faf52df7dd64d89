import type { Profile } from '../profiles/profile.ts'
import { formatChineseNumeral, parseChineseNumeral } from '../structure/numerals/chinese-numerals.ts'
import { toAsciiDigits } from '../structure/numerals/digits.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { asBuffer, positionOf, textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'
import { seriesOf } from './sequence-problems.ts'

/** A number of a heading, and signs around it. */
const NUMBER = /\p{Nd}{1,6}|[〇零一二三四五六七八九十百千]{1,9}/u
const SENTENCE_END = /[.;:!?)”»"'’。！？；）؟।։።]\s*[*_]{0,3}$/u
/** A tag of HTML that ends a line for readers. */
const BLOCK =
  /<\/?(?:p|div|h[1-6]|li|t[dhr]|d[td]|br|hr|center|section|article)\b[^<>]*>\s*(?:<[^<>]*>\s*)*$/i
const SET_OFF = /^(?:\s?[.:)–—\-(（【、，：]|\s[\p{Lu}\p{Lo}]|　|[*_]{1,3}|\s*(?:<|$))/u

/**
 * Finds headings in the middle of a line: "… of the harbour. Article 2. The master …". Where the number behind that of a unit is missing, the
 * unit's text is searched for its words with that number, behind the end of a sentence.
 */
export function findRunOnHeadings(bytes: Uint8Array, placed: PlacedRecord[], profile: Profile): Problem[] {
  const units = placed.filter(({ record: { kind, number } }) => kind !== 'other' && number !== null)
  const next = new Map<string, string>()
  const problems: Problem[] = []
  for (let i = units.length - 1; i >= 0; i--) {
    const { record } = units[i]!
    const key = seriesOf(record, profile)
    const follows = next.get(key)
    next.set(key, record.number!)
    const wanted = Number(record.number) + 1
    if (record.kind === 'container' || !Number.isInteger(wanted)) continue
    if (follows !== undefined && Number.parseInt(follows, 10) <= wanted) continue
    const found = findInText(bytes, record, wanted)
    if (found !== null) problems.push(found)
  }
  return problems
}

function findInText(
  bytes: Uint8Array,
  { heading, address, start, end }: PlacedRecord['record'],
  wanted: number,
): Problem | null {
  const words = heading === null ? null : nextHeading(heading.replace(/<[^<>]*>/g, ''), wanted)
  if (words === null) return null
  const source = asBuffer(bytes)
  const needle = Buffer.from(words)
  for (let at = source.indexOf(needle, start + 1); at >= 0 && at < end; at = source.indexOf(needle, at + 1)) {
    const before = textOf(bytes, Math.max(start, at - 80), at)
    const behind = textOf(bytes, at + needle.length, Math.min(end, at + needle.length + 24))
    if (/[\r\n][^\S\r\n]*$/.test(before) || !SET_OFF.test(behind)) continue
    if (!SENTENCE_END.test(before) && !BLOCK.test(before)) continue
    const message = `"${words}" stands in the middle of a line in the text of ${address}, and the number ${wanted} is missing`
    return createProblem('HEADING_SUSPECTED', message, { ...positionOf(bytes, at), start: at })
  }
  return null
}

/** The words of a heading with another number: "Article 2" for "Article 1. Access", "第二条" for "第一条". */
function nextHeading(heading: string, wanted: number): string | null {
  const match = NUMBER.exec(heading)
  if (match === null) return null
  const [number] = match
  const before = heading.slice(0, match.index).replace(/^[#*_\s]+/, '')
  const behind = /^(?:[-\s.]{0,2}(?:§|\p{sc=Han}|[\p{L}\p{M}]+))?/u.exec(
    heading.slice(match.index + number.length),
  )![0]
  const isBefore = /[\p{L}§]/u.test(before)
  const words =
    /\p{sc=Han}|\p{sc=Hangul}/u.test(before) || !isBefore ? behind.slice(0, isBefore ? 1 : undefined) : ''
  if (!isBefore && !/[\p{L}§]/u.test(words)) return null
  const isHan = !/\p{Nd}/u.test(number)
  const value = isHan ? parseChineseNumeral(number) : Number(toAsciiDigits(number))
  if (value === null || value + 1 !== wanted) return null
  return `${before}${isHan ? formatChineseNumeral(wanted) : digitsLike(number, wanted)}${words}`
}

/** Writes a number in the digits of another one. */
function digitsLike(other: string, value: number): string {
  const first = [...other][0]!
  const zero = first.codePointAt(0)! - Number(toAsciiDigits(first))
  return [...String(value)].map((digit) => String.fromCodePoint(zero + Number(digit))).join('')
}
