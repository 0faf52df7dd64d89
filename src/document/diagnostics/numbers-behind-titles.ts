import type { Profile } from '../profiles/profile.ts'
import { cleanHeading } from '../structure/headings/clean-heading.ts'
import { compileLexicon } from '../structure/headings/lexicon.ts'
import { readHeading } from '../structure/headings/read-heading.ts'
import type { Boundary } from '../structure/outline.ts'
import { createProblem, type Problem } from './problem.ts'

/** A dash or a bracket, then what may be the words of a heading with its number: "The harbour (Article 1)", "Harbour — § 1". */
const BEHIND = /(?:[([]|\s[\p{Pd}:|]\s)\s*([^()[\]\p{Pd}:|]{1,40}?)\s*[)\]]?$/u
/** Fewest headings of that form. One may mention an article. */
const FEWEST = 2

/** Finds headings without a number at their beginning that have words and number of an article behind their title. */
export function findNumbersBehindTitles(boundaries: Boundary[], profile: Profile): Problem[] {
  const unnamed = boundaries.filter(
    ({ kind, level, heading }) =>
      kind !== 'container' && level.name === profile.unnamed.name && heading.number === null,
  )
  const found = unnamed.flatMap(({ heading }) => {
    const behind = BEHIND.exec(cleanHeading(heading.text).text)?.[1]
    if (behind === undefined) return []
    const { level, number, rest } = readHeading(behind, compileLexicon(profile))
    return level?.role === 'leaf' && number !== null && rest === '' ? [{ heading, number }] : []
  })
  if (new Set(found.map(({ number }) => number)).size < FEWEST) return []
  return found.map(({ heading: { text, line, start }, number }) => {
    const message = `the number ${number} stands behind the title "${text}", so that the address has words and no number`
    return createProblem('HEADING_SUSPECTED', message, { line, column: 1, start })
  })
}
