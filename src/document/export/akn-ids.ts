import type { TextPiece } from './document-text.ts'

/*
 * Ids by the Akoma Ntoso Naming Convention 1.0 (OASIS), section 5: `[parent's id "__"] element ["_" number]`, the number without
 * punctuation at its ends and in lower case (art_12a, chp_1__art_5). `eId` is the element's place in this text. An element without
 * a number has `nn`; an hcontainer has its position in its parent. `wId` is made from the unit's address. It holds a container only
 * if the address does, so it stays the same when chapters are renumbered.
 */

/** Short element names of the convention (its table of element references). The other names are not shortened. */
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

/** The hierarchical elements of Akoma Ntoso 3. A level of any other name becomes an `hcontainer` of that name. */
const HIERARCHY = new Set([
  ...Object.keys(SHORT_NAMES),
  'book',
  'indent',
  'level',
  'list',
  'part',
  'point',
  'proviso',
  'rule',
  'sublist',
  'subpart',
  'subrule',
  'subtitle',
  'title',
  'tome',
  'transitional',
])

/** An Akoma Ntoso element. */
interface AknElement {
  element: string
  /** The kind of an `hcontainer`, else null. */
  name: string | null
}

/** Returns the element for a profile's level. */
export function aknElement(level: string): AknElement {
  return HIERARCHY.has(level) ? { element: level, name: null } : { element: 'hcontainer', name: level }
}

/** Returns the element reference in ids for a level: `art`, `chp`, `hcontainer`. */
export function aknElementReference(level: string): string {
  const { element } = aknElement(level)
  return SHORT_NAMES[element] ?? element
}

/** Returns the number in the form for ids, or null if the piece has none. */
export function aknNumber({ number }: Pick<TextPiece, 'number'>): string | null {
  return number === null ? null : idNumber(number) || null
}

/** Returns the last words of an address, such as `preamble`. Unlike a position they stay the same when the text changes. */
export function aknAddressWords({ address, level }: Pick<TextPiece, 'address' | 'level'>): string {
  const last = idNumber((address ?? '').split('/').at(-1)!)
  const kind = `${idNumber(level ?? '')}-`
  return (last.startsWith(kind) ? last.slice(kind.length) : last) || 'nn'
}

/** `_` separates the parts of an id and `.` is punctuation, so both become `-`: "74A_75" → 74a-75, "1.2.3" → 1-2-3. */
export const idNumber = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** Creates a function that returns each id once: a second `art_5` becomes `art_5-2`, or the next free number. */
export function createIdIssuer(): (id: string) => string {
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
