import { parseChineseNumeral } from './numerals/chinese-numerals.ts'
import { parseCircledNumber, toAsciiDigits } from './numerals/digits.ts'
import { findNumberLetter } from './numerals/letters.ts'
import { parseRoman } from './numerals/roman-numerals.ts'

/** The number at the beginning of a paragraph or point, in one of its readings. */
export interface PartMark {
  /** Its signs and kind of number, such as `(1)` or `a.`. Parts of one series have one style. */
  style: string
  /** The number as an address has it: `2`, `2a`, `ii`. */
  label: string
  /** For comparing within a style. A step of one is the next number, a part of one a letter behind it. */
  place: number
  /** Length of the mark in the text. */
  length: number
  /** Whether one such mark alone begins a series: `(1)`, `§ 1`. A year and an initial letter look like the others. */
  isCertain: boolean
  /** Whether parts of this style are paragraphs where they are outermost. Letters and Roman numbers are points always. */
  isNumber: boolean
}

const DIGITS = String.raw`\p{Nd}{1,3}(?:\s?(?:bis|ter|quater)(?!\p{L})|[a-z](?!\p{L}))?`
const LETTERS = String.raw`(\p{L})\2?`
const ROMAN = '[ivx]{1,7}|[IVX]{1,7}'
const HAN = '[一二三四五六七八九十]{1,3}'
const HANGUL = '가나다라마바사아자차카타파하'
const HANGUL_WRITTEN = 'ga na da ra ma ba sa a ja cha ka ta pa ha'.split(' ')

type Value = Pick<PartMark, 'label' | 'place'>

/** Signs around a number, its kind, and how it is read. An `open` sign makes it certain. */
const FORMS: { style: string; pattern: RegExp; read: (text: string) => Value | null; certain?: true }[] = [
  form('(1)', String.raw`[(（]\s?(${DIGITS})\s?[)）]\.?`, readDigits, true),
  form('§ 1', String.raw`§\s?(${DIGITS})[°º]?\.?`, readDigits, true),
  form('1°', String.raw`(\p{Nd}{1,3})\s?[°º][.)]?`, readDigits, true),
  form('①', '([①-⑳⑴-⒇㉑-㉟])', readCircled, true),
  form('1.', String.raw`(${DIGITS})\\?[.．](?!\p{Nd})`, readDigits),
  form('1)', String.raw`(${DIGITS})\\?\)`, readDigits),
  form('1 ', String.raw`(\p{Nd}{1,3})(?=\u3000)`, readDigits),
  form('一 ', String.raw`(${HAN})(?=[\u3000、])`, readHan),
  form('(一)', `[(（](${HAN})[)）]`, readHan, true),
  form('가.', `([${HANGUL}])[.)]`, readHangul),
  form('(a)', String.raw`[(（]\s?(${LETTERS})\s?[)）]`, readLetter),
  form('a)', String.raw`(${LETTERS})\\?\)`, readLetter),
  form('a.', String.raw`(${LETTERS})\.`, readLetter),
  form('(i)', String.raw`[(（]\s?(${ROMAN})\s?[)）]`, readRoman),
  form('i)', String.raw`(${ROMAN})\\?\)`, readRoman),
  form('i.', String.raw`(${ROMAN})\.`, readRoman),
  form('I –', String.raw`([IVX]{1,7})\s?[-–—](?=\s)`, readRoman),
]

function form(style: string, source: string, read: (text: string) => Value | null, certain?: true) {
  const pattern = new RegExp(String.raw`^(?:${source})(?=\s|$|\*\*|__|<|(?<=[）①-⑳⑴-⒇㉑-㉟、]))`, 'u')
  return { style, pattern, read, ...(certain === undefined ? {} : { certain }) }
}

/** Returns the readings of a mark at the beginning of `text`. "(i)" has two: the letter, and the Roman number. */
export function readPartMarks(text: string): PartMark[] {
  return FORMS.flatMap(({ style, pattern, read, certain = false }) => {
    const found = pattern.exec(text)
    const value = found === null ? null : read(found[1]!)
    if (found === null || value === null) return []
    const { label, place } = value
    const isNumber = '1§①一'.includes(style.replace(/[( ]/g, '')[0]!) && style !== '(一)' && style !== '1°'
    return [
      {
        style: caseOf(style, found[1]!),
        label,
        place,
        length: found[0].length,
        isCertain: certain,
        isNumber,
      },
    ]
  })
}

/** "(a)", "(A)" and "aa)" are series of their own. */
function caseOf(style: string, number: string): string {
  if (!/[ai]/.test(style)) return style
  const isUpper = number !== number.toLowerCase()
  const isTwice = style.includes('a') && number.length === 2
  return `${isUpper ? style.toUpperCase() : style}${isTwice ? ' twice' : ''}`
}

function readDigits(text: string): Value {
  const label = toAsciiDigits(text).replace(/\s/g, '').toLowerCase()
  const [, digits, suffix] = /^(\d+)(.*)$/.exec(label)!
  const behind = { bis: 2, ter: 3, quater: 4 }[suffix!] ?? (suffix === '' ? 0 : suffix!.charCodeAt(0) - 0x60)
  return { label: `${Number(digits)}${suffix}`, place: Number(digits) + behind / 100 }
}

function readLetter(text: string): Value | null {
  const isTwice = text.length === 2
  const found = findNumberLetter(text[0]!)
  if (found === null) return null
  const written = found.written.toLowerCase()
  const label = isTwice ? `${written}${written}` : written
  return { label: text === text.toLowerCase() ? label : label.toUpperCase(), place: placeOf(found.place) }
}

/** 1 for A, 26 for Z, 27 for AA. The Vietnamese letter after D is between D and E. */
function placeOf(letters: string): number {
  if (letters === 'DD') return 4.5
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 0x40, 0)
}

function readRoman(text: string): Value | null {
  const value = parseRoman(text)
  return value === null ? null : { label: text, place: value }
}

function readHan(text: string): Value | null {
  const value = parseChineseNumeral(text)
  return value === null ? null : { label: String(value), place: value }
}

function readCircled(text: string): Value | null {
  const value = parseCircledNumber(text)
  return value === null ? null : { label: String(value), place: value }
}

function readHangul(text: string): Value {
  const at = HANGUL.indexOf(text)
  return { label: HANGUL_WRITTEN[at]!, place: at + 1 }
}
