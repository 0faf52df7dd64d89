const OUTSIDE_ASCII = /[^\x20-\x7e]/
const NUMERAL = /\p{Nd}/u

/** Digits of any script as ASCII ones. Unicode keeps each script's digits in runs of ten that begin with its zero. */
export function toAsciiDigits(text: string): string {
  if (!OUTSIDE_ASCII.test(text)) return text
  return text.replace(/\p{Nd}/gu, (digit) => {
    let before = 0
    const code = digit.codePointAt(0)!
    while (before < code && NUMERAL.test(String.fromCodePoint(code - before - 1))) before += 1
    return String(before % 10)
  })
}

const ROMAN: [string, number][] = [
  ...([
    ['M', 1000],
    ['CM', 900],
    ['D', 500],
    ['CD', 400],
    ['C', 100],
    ['XC', 90],
    ['L', 50],
  ] as [string, number][]),
  ...([
    ['XL', 40],
    ['X', 10],
    ['IX', 9],
    ['V', 5],
    ['IV', 4],
    ['I', 1],
  ] as [string, number][]),
]

/** Value of a Roman numeral in its usual form, else null: "IIX" and "civic" are no numbers. */
export function parseRoman(text: string): number | null {
  let rest = text.toUpperCase()
  let value = 0
  for (const [sign, worth] of ROMAN) {
    while (rest.startsWith(sign)) {
      rest = rest.slice(sign.length)
      value += worth
    }
  }
  return rest === '' && value > 0 && romanOf(value) === text.toUpperCase() ? value : null
}

function romanOf(value: number): string {
  let rest = value
  let text = ''
  for (const [sign, worth] of ROMAN) {
    while (rest >= worth) {
      text += sign
      rest -= worth
    }
  }
  return text
}

const HAN_DIGITS = '零一二三四五六七八九'
const HAN_UNITS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 }

/** Value of a number in Chinese numerals below 10,000, with units (二十一) or as digits (二一), else null. */
export function parseChineseNumeral(text: string): number | null {
  let total = 0
  let digits = 0
  for (const sign of text.replaceAll('〇', '零')) {
    const unit = HAN_UNITS[sign]
    const digit = HAN_DIGITS.indexOf(sign)
    if (unit === undefined && digit < 0) return null
    if (unit === undefined) digits = digits * 10 + digit
    else {
      total += (digits || 1) * unit
      digits = 0
    }
  }
  const value = total + digits
  return value > 0 ? value : null
}

/** Orders normalised numbers part by part: 5 < 12 < 12A < 12B, and 88-2 < 88-10. */
export function compareNumbers(a: string, b: string): number {
  const left = a.match(/\d+|[A-Z]+/g) ?? []
  const right = b.match(/\d+|[A-Z]+/g) ?? []
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const one = left[i]
    const other = right[i]
    if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? -1 : 1
    if (one === other) continue
    const byValue = Number(one) - Number(other)
    if (!Number.isNaN(byValue)) return byValue
    return one.length - other.length || (one < other ? -1 : 1)
  }
  return 0
}

const CIRCLED: [first: number, last: number, value: number][] = [
  [0x2460, 0x2473, 1],
  [0x2474, 0x2487, 1],
  [0x24ea, 0x24ea, 0],
  [0x24eb, 0x24f4, 11],
  [0x2776, 0x277f, 1],
  [0x3251, 0x325f, 21],
  [0x32b1, 0x32bf, 36],
]

/** Value of ①, ⑴, ❶, ㉑ and their like, else null. */
export function parseCircledNumber(text: string): number | null {
  const code = text.codePointAt(0) ?? 0
  const found = CIRCLED.find(([first, last]) => code >= first && code <= last)
  return found === undefined ? null : found[2] + code - found[0]
}
