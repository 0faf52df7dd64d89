import type { TextPiece } from './document-text.ts'

/**
 * Ids by the Akoma Ntoso Naming Convention 1.0 (OASIS), section 5: `[parent's id "__"] element ["_" number]`, the number without
 * punctuation at its ends, here in lower case (art_12a, chp_1__art_5). `eId` says where an element stands in this text: without a
 * number it has `nn`, or, of an hcontainer, its place among those of its parent. `wId` is made from the unit's address, which holds a
 * container only where the address does, and so stays when chapters are renumbered.
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

export interface AknElement {
  element: string
  /** Of an `hcontainer`: its kind. */
  name: string | null
}

export function aknElement(level: string): AknElement {
  return HIERARCHY.has(level) ? { element: level, name: null } : { element: 'hcontainer', name: level }
}

/** `art`, `chp`, `hcontainer`. */
export function aknElementReference(level: string): string {
  const { element } = aknElement(level)
  return SHORT_NAMES[element] ?? element
}

/** The number as ids hold it; null where a unit has none. */
export function aknNumber({ number }: Pick<TextPiece, 'number'>): string | null {
  return number === null ? null : idNumber(number) || null
}

/** The words of an address, which stay where a place would not: `preamble`. */
export function aknAddressWords({ address, level }: Pick<TextPiece, 'address' | 'level'>): string {
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
