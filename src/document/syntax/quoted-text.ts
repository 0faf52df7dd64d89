import { textOf } from './lines.ts'

/** Maximum length in bytes of a line of quotation marks. */
const LONGEST_MARK = 12

/** Tells a line that has an opening or a closing quotation mark alone, as around a text that an act inserts elsewhere. */
export function quotationLine(bytes: Uint8Array, from: number, end: number): 'opens' | 'closes' | null {
  if (end - from > LONGEST_MARK || bytes[from]! < 0x80) return null
  const text = textOf(bytes, from, end).trim()
  if (/^[“„«「『‘‟]$/u.test(text)) return 'opens'
  return /^[”»」』’][.;,]?$/u.test(text) ? 'closes' : null
}

/** Headings since an opening mark. If the quotation ends, they are quoted and no headings of the document. */
export class Quotation {
  #since: number | null = null

  /** Follows a line of quotation marks. `count` is the number of headings so far. Returns the number that stays. */
  follow(mark: 'opens' | 'closes', count: number): number {
    const since = this.#since
    this.#since = mark === 'opens' ? (since ?? count) : null
    return mark === 'closes' && since !== null ? since : count
  }
}
