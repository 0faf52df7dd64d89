import type { Heading } from '../headings/heading-match.ts'

/**
 * Decides for each single letter whether it is a letter or a Roman numeral: "Section C" after "Section B" is a letter,
 * "Article C" after "Article XCIX" is 100.
 */
export function resolveLetterNumbers(headings: Heading[]): Heading[] {
  const last = new Map<string, string>()
  return headings.map((heading) => {
    if (heading.number === null) return heading
    const key = `${heading.depth} ${heading.level}`
    const before = last.get(key)
    const number =
      heading.letter === null ? heading.number : settledLetter(heading.letter, heading.number, before)
    last.set(key, number)
    return number === heading.number ? heading : { ...heading, number, sort: number }
  })
}

function settledLetter(letter: string, roman: string, before: string | undefined): string {
  if (before !== undefined && /^[A-Z]$/.test(before)) return letter
  if (['I', 'V', 'X'].includes(letter)) return roman
  return before !== undefined && Number(roman) === Number(before) + 1 ? roman : letter
}
