const HAN_DIGITS = '零一二三四五六七八九'
const HAN_UNITS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 }

/** Returns the value of a number below 10,000 in Chinese numerals, with units (二十一) or as digits (二一), or null. */
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

/** Writes a number below 10,000 with units: 二十一. */
export function formatChineseNumeral(value: number): string {
  let text = ''
  for (const [unit, worth] of [
    ['千', 1000],
    ['百', 100],
    ['十', 10],
    ['', 1],
  ] as const) {
    const digit = Math.floor(value / worth) % 10
    if (digit === 0) {
      if (text !== '' && !text.endsWith('零') && value % worth > 0) text += '零'
    } else text += unit === '十' && digit === 1 && text === '' ? unit : `${HAN_DIGITS[digit]}${unit}`
  }
  return text
}
