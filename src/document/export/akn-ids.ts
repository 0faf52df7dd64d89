import type { TextPiece } from './text.ts'

/**
 * Ids by the Akoma Ntoso Naming Convention 1.0 (OASIS), section 5: `[parent's id "__"] element ["_" number]`, the number without
 * punctuation at its ends, here in lower case (art_12a, chp_1__art_5). `eId` says where an element stands in this text. `wId` is
 * made from the unit's address, which holds a container only where the address does, and so stays when chapters are renumbered.
 */

/** Element names that the convention shortens (its table of element references); the others stand as they are. */
export const SHORT_NAMES: { [element: string]: string } = {
  alinea: 'al',
  article: 'art',
  chapter: 'chp',
  clause: 'cl',
  division: 'dvs',
  paragraph: 'para',
  section: 'sec',
  subchapter: 'subchp',
  subclause: 'subcl',
  subdivision: 'subdvs',
  subparagraph: 'subpara',
  subsection: 'subsec',
}

/** The hierarchical elements of Akoma Ntoso 3; whatever else a profile calls a level becomes an `hcontainer` of that name. */
const HIERARCHY = new Set([
  ...Object.keys(SHORT_NAMES),
  ...['book', 'indent', 'level', 'list', 'part', 'point', 'proviso', 'rule', 'sublist', 'subpart'],
  ...['subrule', 'subtitle', 'title', 'tome', 'transitional'],
])

export interface Element {
  element: string
  /** Of an `hcontainer`: its kind. */
  name: string | null
}

export function elementOf(level: string): Element {
  return HIERARCHY.has(level) ? { element: level, name: null } : { element: 'hcontainer', name: level }
}

/** `art_12a`, `annex_1`, `heading_preamble`. */
export function referenceOf(level: string, number: string): string {
  const { element, name } = elementOf(level)
  return `${name ?? SHORT_NAMES[element] ?? element}_${number}`
}

/** The number as ids hold it. A unit without one has the words of its address. */
export function numberOf({
  number,
  address,
  level,
}: Pick<TextPiece, 'number' | 'address' | 'level'>): string {
  if (number !== null && idNumber(number) !== '') return idNumber(number)
  const last = idNumber((address ?? '').split('/').at(-1)!)
  const kind = `${idNumber(level ?? '')}-`
  return (last.startsWith(kind) ? last.slice(kind.length) : last) || 'nn'
}

/** `_` parts an id and `.` is punctuation, so both become `-`: "74A_75" → 74a-75, "1.2.3" → 1-2-3. */
const idNumber = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** Gives each id once: a second `art_5` becomes `art_5-2`, or the next number that is free. */
export function uniqueIds(): (id: string) => string {
  const given = new Set<string>()
  const next = new Map<string, number>()
  return (id) => {
    let unique = id
    let times = next.get(id) ?? 1
    while (given.has(unique)) {
      times += 1
      unique = `${id}-${times}`
    }
    next.set(id, times)
    given.add(unique)
    return unique
  }
}
