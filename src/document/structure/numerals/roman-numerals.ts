const ROMAN: [sign: string, worth: number][] = [
  ['M', 1000],
  ['CM', 900],
  ['D', 500],
  ['CD', 400],
  ['C', 100],
  ['XC', 90],
  ['L', 50],
  ['XL', 40],
  ['X', 10],
  ['IX', 9],
  ['V', 5],
  ['IV', 4],
  ['I', 1],
]

/** Returns the value of a Roman numeral in its usual form, or null. "IIX" and "civic" are not Roman numerals. */
export function parseRoman(text: string): number | null {
  let rest = text.toUpperCase()
  let value = 0
  for (const [sign, worth] of ROMAN) {
    while (rest.startsWith(sign)) {
      rest = rest.slice(sign.length)
      value += worth
    }
  }
  return rest === '' && value > 0 && formatRoman(value) === text.toUpperCase() ? value : null
}

function formatRoman(value: number): string {
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
