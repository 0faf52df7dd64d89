import type { ChangeKind, UnitText } from './change.ts'
import { collectShingles, type Shingles } from './shingles.ts'

/** Minimum number of word runs that prove a relation. A short text such as "(repealed)" occurs in many places. */
export const FEWEST_RUNS = 5

/** Two units that are the same unit in the two texts. */
interface Pairing {
  old: UnitText
  new: UnitText
  change: ChangeKind
}

/** The state of a comparison: the pairs so far, and the units of both texts that have none. */
export class Comparison {
  readonly pairs = new Map<UnitText, Pairing>()
  readonly oldLeft: Set<UnitText>
  readonly newLeft: Set<UnitText>
  readonly #shingles = new Map<UnitText, Shingles>()

  constructor(
    readonly before: UnitText[],
    readonly after: UnitText[],
  ) {
    this.oldLeft = new Set(before)
    this.newLeft = new Set(after)
  }

  pair(old: UnitText, now: UnitText, change: ChangeKind): void {
    this.pairs.set(now, { old, new: now, change })
    this.oldLeft.delete(old)
    this.newLeft.delete(now)
  }

  shingles(unit: UnitText): Shingles {
    const known = this.#shingles.get(unit)
    if (known !== undefined) return known
    const made = collectShingles(unit.body.trim() === '' ? unit.text : unit.body)
    this.#shingles.set(unit, made)
    return made
  }
}

/** Groups items by a key, in their order. */
export function groupBy<Item, Key>(items: Iterable<Item>, keyOfItem: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOfItem(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
