import type { Level, Profile, Scheme } from '../../profiles/profile.ts'
import { parseChineseNumeral } from '../numerals/chinese-numerals.ts'
import { parseCircledNumber, toAsciiDigits } from '../numerals/digits.ts'
import { findNumberLetter } from '../numerals/letters.ts'
import { parseRoman } from '../numerals/roman-numerals.ts'

/** A level's marker, compiled for matching: `({arabic})` is "(", a number, ")". */
export interface ListMarker {
  level: Level
  pattern: RegExp
  scheme: Scheme
  isBare: boolean
}

/** A marker that a line begins with. */
export interface MarkerMatch {
  level: Level
  number: string
  /** Parts of the number, for their order: [1, 2] for 1.2. */
  ordinal: number[]
  /** Length of the marker in the text. */
  length: number
  rest: string
  /** Whether the number has no sign around it. */
  isBare: boolean
}

interface Value {
  number: string
  ordinal: number[]
}

/** The patterns are bounded and anchored, so that each is tried in constant time. */
const NUMERALS: Record<Scheme, string> = {
  arabic: '\\p{Nd}{1,4}(?:[a-z]|[A-Z]{1,2}|[а-яα-ω]|\\p{Lo})?',
  dotted:
    '(?:\\p{Nd}{1,4}(?:\\.\\p{Nd}{1,4}){0,15}(?:(?<=\\.\\p{Nd}{1,4})[A-Za-z](?![\\p{L}\\p{M}]))?|[A-Z](?:\\.\\p{Nd}{1,4}){1,15})',
  roman: '[IVXLCDM]{1,9}',
  'small-roman': '[ivxlcdm]{1,9}',
  letter: '[A-Z]',
  'small-letter': '[a-zđ]',
  han: '[〇零一二三四五六七八九十百千]{1,9}',
  circled: '[①-⑳⑴-⒇㉑-㉟㊱-㊿⓪❶-❿⓫-⓴]',
}

const VALUES: Record<Scheme, (numeral: string) => Value | null> = {
  arabic: arabicValue,
  dotted: dottedValue,
  roman: (numeral) => plainValue(parseRoman(numeral)),
  'small-roman': (numeral) => plainValue(parseRoman(numeral)),
  letter: (numeral) => ({ number: numeral, ordinal: [numeral.charCodeAt(0) - 0x40] }),
  'small-letter': letterValue,
  han: (numeral) => plainValue(parseChineseNumeral(numeral)),
  circled: (numeral) => plainValue(parseCircledNumber(numeral)),
}

/** Compiles the markers of a profile's levels, the widest level first. */
export function compileMarkers({ levels }: Profile): ListMarker[] {
  return levels.flatMap((level) =>
    level.marks.map((mark) => {
      const [, before = '', scheme = '', after = ''] = /^([^{]*)\{([a-z-]+)\}(.*)$/u.exec(mark)!
      const bare = before === '' && after === '' && scheme !== 'circled'
      // "1.2" is not the marker "1." with a text. A bare number needs a space behind it.
      const behind = bare ? '(?=\\s)' : '(?![\\p{Nd}.)])'
      const pattern = new RegExp(
        `^${escaped(before)}(${NUMERALS[scheme as Scheme]})${escaped(after)}${behind}`,
        'u',
      )
      return { level, pattern, scheme: scheme as Scheme, isBare: bare }
    }),
  )
}

/** Returns the readings of the marker at the beginning of a line (in NFC), the widest level first. */
export function matchMarkers(text: string, marks: ListMarker[]): MarkerMatch[] {
  return marks.flatMap(({ level, pattern, scheme, isBare }) => {
    const match = pattern.exec(text)
    const value = match === null ? null : VALUES[scheme](match[1]!)
    if (match === null || value === null) return []
    return [{ level, ...value, length: match[0].length, rest: text.slice(match[0].length).trim(), isBare }]
  })
}

const escaped = (literal: string) => literal.normalize('NFC').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

const plainValue = (value: number | null): Value | null =>
  value === null ? null : { number: String(value), ordinal: [value] }

function arabicValue(numeral: string): Value | null {
  const suffix = /\P{Nd}+$/u.exec(numeral)?.[0] ?? ''
  const digits = Number(toAsciiDigits(numeral.slice(0, numeral.length - suffix.length)))
  const letters = [...suffix].map(findNumberLetter)
  if (letters.some((letter) => letter === null)) return null
  const part = letters.reduce((sum, letter, i) => sum + placeValue(letter!.place) / 100 ** (i + 1), 0)
  return { number: `${digits}${letters.map((letter) => letter!.written).join('')}`, ordinal: [digits + part] }
}

/** 1 for A, 26 for Z, 27 for AA. */
const placeValue = (place: string) =>
  [...place].reduce((value, sign) => value * 26 + sign.charCodeAt(0) - 0x40, 0)

/** "1.2A" comes behind 1.2 and before 1.3. */
function dottedValue(numeral: string): Value {
  const letter = /(?<=\p{Nd})[A-Za-z]$/u.exec(numeral)?.[0].toUpperCase()
  if (letter !== undefined) {
    const { number, ordinal } = dottedValue(numeral.slice(0, -1))
    return {
      number: `${number}${letter}`,
      ordinal: ordinal.with(-1, ordinal.at(-1)! + placeValue(letter) / 100),
    }
  }
  const parts = toAsciiDigits(numeral).split('.')
  const number = parts.map((part) => (/^\d/.test(part) ? String(Number(part)) : part)).join('.')
  const ordinal = parts.map((part) => (/^\d/.test(part) ? Number(part) : part.charCodeAt(0) * 1000))
  return { number, ordinal }
}

/** With đ, which Vietnamese sorts between d and e. It is written DD in addresses. */
const LETTERS = [...'abcdđefghijklmnopqrstuvwxyz']

function letterValue(letter: string): Value {
  return {
    number: letter === 'đ' ? 'DD' : letter.toUpperCase(),
    ordinal: [LETTERS.indexOf(letter) + 1],
  }
}
