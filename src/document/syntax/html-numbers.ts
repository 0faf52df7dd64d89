import type { Token } from 'parse5'
import { parseRoman } from '../structure/numerals/roman-numerals.ts'

/** The number that USLM has apart from its signs: `<num value="12a">§ 12a.</num>`. */
export function findValue({ attrs }: Token.TagToken): string | null {
  const value = attrs.find(({ name }) => name === 'value')?.value.trim()
  return value !== undefined && /^[\p{L}\p{N}][\p{L}\p{N}./–-]{0,30}$/u.test(value) ? value : null
}

export function findNumber(
  tag: string,
  { attrs }: Token.TagToken,
  {
    numberAttribute,
    mayBearNumber,
  }: { numberAttribute: string | undefined; mayBearNumber: (tag: string) => boolean },
) {
  if (numberAttribute === undefined || !mayBearNumber(tag)) return null
  const number = attrs.find(({ name }) => name === numberAttribute)?.value.trim()
  return number === undefined || number === '' ? null : number
}

/** "Article 12a." has 12a, "CHAPTER IV" and "IV." have 4. */
export function numberIn(text: string): string | null {
  const digits = /[\p{L}\p{N}.-]*\p{N}[\p{L}\p{N}.-]*/u.exec(text)?.[0].replace(/[.-]+$/, '')
  if (digits !== undefined) return digits
  const last = /([IVXLCDM]+)\W*$/u.exec(text)?.[1]
  const roman = last === undefined ? null : parseRoman(last)
  return roman === null ? null : String(roman)
}

export function skipWhiteSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at]!)) at += 1
  return at
}
