import {
  findSmallHeadings,
  findSpacedHeadings,
  findSubsectionLines,
  type NearHeading,
} from './diagnostics/near-headings.ts'
import { findShippedProfile } from './profiles/shipped-profiles.ts'
import { positionOf, textOf } from './syntax/lines.ts'

/** Lines of one kind that are named. */
const NAMED = 2

/** What a person may do about lines of each kind. */
const REMEDIES: { [kind in NearHeading['kind']]: string } = {
  spaced: 'join the letters of each word: "ARTICLE 1"',
  small: 'begin these lines with a capital: "Article 1"',
  subsection: 'give each section a line of its own ("Section 2"), or a point behind its number: "2. (1) …"',
}

/** Lines of a text without units that people read as headings. */
interface NearHeadings {
  /** A sentence that names some of them, with line and reason. */
  text: string
  remedy: string
  lines: { line: number; text: string; why: string }[]
}

/** Describes the lines of a text that people read as headings, for the refusal of a text in which no profile finds units. */
export function describeNearHeadings(bytes: Uint8Array): NearHeadings | null {
  const profile = findShippedProfile('plain')!
  const syntax = /<(?:p|div|body|h[1-6]|li|br)[\s/>]/i.test(textOf(bytes, 0, Math.min(bytes.length, 20_000)))
    ? 'html'
    : 'plain'
  const kinds = [
    findSpacedHeadings(bytes, profile, syntax),
    findSmallHeadings(bytes, profile, syntax),
    findSubsectionLines(bytes, syntax),
  ]
  const most = kinds.reduce((one, other) => (other.length > one.length ? other : one))
  const [first] = most
  if (first === undefined) return null
  const lines = most
    .slice(0, NAMED)
    .map(({ start, text, why }) => ({ line: positionOf(bytes, start).line, text, why }))
  const named = lines.map(({ line, text }) => `line ${line} "${text}"`).join(', ')
  const count = most.length > NAMED ? ` and ${most.length - NAMED} more` : ''
  return {
    text: `${named}${count} may be headings and ${most.length === 1 ? 'is' : 'are'} not read: ${first.why}`,
    remedy: REMEDIES[first.kind],
    lines,
  }
}
