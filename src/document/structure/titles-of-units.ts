import type { Heading } from './headings/heading-match.ts'
import type { LeafLevel } from './leaf-level.ts'
import { isBlank } from './own-text.ts'

/** Quotation marks that open. An amendment quotes the articles that it changes. */
const QUOTED = /^[“„«‹‘‚「『"]\s*\p{L}/u

/**
 * Removes headings without a known word and a number that belong to a unit: its title in a heading of its own ("##### § 2", then
 * "##### Scope", then the text), and articles of another law that an amendment quotes ("##### “Article 5").
 */
export function withoutTitlesOfUnits(bytes: Uint8Array, headings: Heading[], leaf: LeafLevel): Heading[] {
  const isUnit = ({ level, number }: Heading) => level !== null && number !== null && leaf.levels.has(level)
  return headings.filter((heading, i) => {
    const { level, number, mark, paragraph, element, depth, text, after, start } = heading
    const isUnnamed = level === null && number === null && mark === null
    if (!isUnnamed || paragraph !== undefined || element !== undefined) return true
    if (QUOTED.test(text) && depth >= leaf.depth && start > leaf.first) return false
    const before = headings[i - 1]
    if (before === undefined || !isUnit(before) || before.words !== '' || before.mark !== null) return true
    const hasText = !isBlank(bytes, after, headings[i + 1]?.start ?? bytes.length)
    return !hasText || before.paragraph !== undefined || !isBlank(bytes, before.after, start)
  })
}
