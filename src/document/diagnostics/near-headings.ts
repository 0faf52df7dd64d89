import type { Level, Profile, Syntax } from '../profiles/profile.ts'
import { cleanHeading } from '../structure/headings/clean-heading.ts'
import { foldWords } from '../structure/headings/fold-words.ts'
import { compileLexicon, type Lexicon } from '../structure/headings/lexicon.ts'
import { readHeading } from '../structure/headings/read-heading.ts'
import { toAsciiDigits } from '../structure/numerals/digits.ts'
import { parseRoman } from '../structure/numerals/roman-numerals.ts'
import { skipBlanks } from '../syntax/line-prefilter.ts'
import { eachTextLine } from './text-lines.ts'

/*
 * Finds lines that people read as headings and no profile does: "A R T I C L E 1", "article 1. doors", "2 (1) The definitions …".
 */

/** A line that people read as a heading, and why it was not read. */
export interface NearHeading {
  start: number
  text: string
  number: number
  kind: 'spaced' | 'small' | 'subsection'
  why: string
}

/** Letters with a space between them: three or more, or two before a number. */
const SPACED =
  /^[\s#=*_>]*((?:\p{L}\p{M}*[ \u00a0\t]{1,3}){3,}[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd} \u00a0\t.:–—-]{0,80})/u
/** A number, and the number of its first paragraph in brackets. */
const SUBSECTION = /^[\s*_]*(?<![\p{L}\p{Nd}])(\p{Nd}{1,4})[a-zA-Z]?[.:–—\s-]{0,4}[*_]*[(（](?:1|[ai])[)）]/u
const LONGEST = 120
/** Fewest signs of a heading's word whose letters have spaces between them. */
const FEWEST_LETTERS = 4

/** Whether a line may be one with spaces between its letters, by its first bytes: a letter, a space, a letter, a space. */
function maySpace(bytes: Uint8Array, start: number, end: number): boolean {
  let at = skipBlanks(bytes, start, end)
  // Signs of Markdown and AsciiDoc before a heading.
  while (at < end && SIGNS.has(bytes[at]!)) at += 1
  at = skipBlanks(bytes, at, end)
  for (let letters = 0; letters < 2; letters++) {
    const lead = bytes[at]!
    if (at >= end || (lead < 0x80 && !isLetter(lead))) return false
    at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (bytes[at] !== 0x20 && bytes[at] !== 0x09 && !(bytes[at] === 0xc2 && bytes[at + 1] === 0xa0))
      return false
    at = bytes[at] === 0xc2 ? at + 2 : skipBlanks(bytes, at, end)
  }
  return true
}

const SIGNS = new Set([...'#=*_>'].map((sign) => sign.charCodeAt(0)))
const isLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39

/** Lists lines with the words of a heading whose letters have spaces between them. */
export function findSpacedHeadings(bytes: Uint8Array, profile: Profile, syntax: Syntax): NearHeading[] {
  const found: NearHeading[] = []
  const lexicon = compileLexicon(profile)
  eachTextLine(
    bytes,
    syntax,
    (start, end) => end - start < LONGEST * 4 && maySpace(bytes, start, end),
    (text, start) => {
      const near = readSpaced(text, start, lexicon)
      if (near !== null) found.push(near)
    },
  )
  return found
}

/** Lists lines that begin with a number and the number of a first paragraph behind it. */
export function findSubsectionLines(bytes: Uint8Array, syntax: Syntax): NearHeading[] {
  const found: NearHeading[] = []
  const mayCount = (start: number, end: number) => {
    const from = skipBlanks(bytes, start, end)
    return isDigit(bytes[from]!) || bytes[from] === 0x2a
  }
  eachTextLine(bytes, syntax, mayCount, (text, start) => {
    const digits = SUBSECTION.exec(text)?.[1]
    if (digits === undefined) return
    const why = 'a paragraph’s number in brackets stands directly behind its number'
    found.push({ start, text: shown(text), number: Number(toAsciiDigits(digits)), kind: 'subsection', why })
  })
  return found
}

/** Lists lines that would be headings if they began with a capital. */
export function findSmallHeadings(bytes: Uint8Array, profile: Profile, syntax: Syntax): NearHeading[] {
  const found: NearHeading[] = []
  const lexicon = compileLexicon(profile)
  eachTextLine(
    bytes,
    syntax,
    (start, end) => end - start < LONGEST * 4,
    (text, start) => {
      const clean = cleanHeading(text.slice(0, LONGEST)).text
      if (!readsSmall(clean, lexicon)) return
      const { number } = readHeading(clean, lexicon)
      const why = 'it begins with a small letter'
      found.push({ start, text: shown(text), number: Number.parseInt(number!, 10) || 0, kind: 'small', why })
    },
  )
  return found
}

/** Whether a text that begins with a small letter has the words of a unit and a number. */
export function readsSmall(text: string, lexicon: Lexicon): boolean {
  if (!/^\p{Ll}/u.test(text) || /^\p{sc=Georgian}/u.test(text)) return false
  const { level, number, rest } = readHeading(text, lexicon)
  return level?.role === 'leaf' && number !== null && !/^\p{Ll}/u.test(rest)
}

function readSpaced(text: string, start: number, lexicon: Lexicon): NearHeading | null {
  const spaced = SPACED.exec(text)?.[1]
  if (spaced === undefined || text.trim().length > LONGEST) return null
  const tokens = spaced.trim().split(/[ \u00a0\t]+/)
  // Numbers and a title behind the word may be written as usual.
  const usual = tokens.findIndex((token) => !/^(?:\p{L}\p{M}*|\p{Nd})[.:–—-]?$/u.test(token))
  const single = usual < 0 ? tokens : tokens.slice(0, usual)
  const joined = single.join('')
  const behind = usual < 0 ? '' : tokens[usual]!
  const [, letters = '', digits = ''] = /^([\p{L}\p{M}]+)[.:–—-]?(\p{Nd}*)/u.exec(joined) ?? []
  const folded = foldWords(letters)
  for (let length = folded.length; length >= FEWEST_LETTERS; length--) {
    const level = lexicon.words.get(folded.slice(0, length))
    if (level === undefined || !isNumbered(level)) continue
    const number = numberOf(folded.slice(length), digits, behind)
    if (number === null) continue
    return { start, text: shown(text), number, kind: 'spaced', why: 'spaces stand between its letters' }
  }
  return null
}

const isNumbered = ({ role }: Level) => role === 'leaf' || role === 'container' || role === 'annex'

function numberOf(rest: string, digits: string, behind: string): number | null {
  if (rest === '') {
    const written =
      digits === '' ? (/^\p{Nd}{1,4}|^[IVXLCDM]{1,9}(?![\p{L}])/u.exec(behind)?.[0] ?? '') : digits
    if (/^\p{Nd}/u.test(written)) return Number(toAsciiDigits(written))
    return written === '' ? null : parseRoman(written)
  }
  return digits === '' ? parseRoman(rest.toUpperCase()) : null
}

const shown = (text: string) => [...text.trim()].slice(0, 80).join('')
