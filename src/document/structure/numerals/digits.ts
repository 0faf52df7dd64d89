const OUTSIDE_ASCII = /[^\x20-\x7e]/
const NUMERAL = /\p{Nd}/u

/**
 * Replaces the digits of every script by ASCII digits. Unicode keeps the digits of a script in a run of ten that starts with
 * its zero (The Unicode Standard, section 4.6).
 */
export function toAsciiDigits(text: string): string {
  if (!OUTSIDE_ASCII.test(text)) return text
  return text.replace(/\p{Nd}/gu, (digit) => {
    let before = 0
    const code = digit.codePointAt(0)!
    while (before < code && NUMERAL.test(String.fromCodePoint(code - before - 1))) before += 1
    return String(before % 10)
  })
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

/** Returns the value of an enclosed number such as ①, ⑴, ❶ or ㉑, or null for any other text. */
export function parseCircledNumber(text: string): number | null {
  const code = text.codePointAt(0) ?? 0
  const found = CIRCLED.find(([first, last]) => code >= first && code <= last)
  return found === undefined ? null : found[2] + code - found[0]
}
