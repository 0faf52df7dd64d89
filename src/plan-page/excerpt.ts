import { type Markdown, md, prose } from '../domain/markdown.ts'
import { firstSigns, lastSigns, withoutHeadingMarks } from './quoted-words.ts'

const FIRST = 70
const LAST = 50

/** The first and last words of a text as prose, or all of a short text. `…` stands for what is omitted, `–` for a text without words. */
export function excerpt(text: string): Markdown {
  const signs = [
    ...withoutHeadingMarks(text.replace(/^\ufeff/, ''))
      .replace(/\s+/gu, ' ')
      .trim(),
  ]
  if (signs.length === 0) return md`–`
  if (signs.length <= FIRST + LAST + 3) return prose(signs.join(''))
  const [first, last] = [firstSigns(signs, FIRST), lastSigns(signs, LAST)]
  return md`${first} … ${last}`
}
