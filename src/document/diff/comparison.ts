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
  readonly #counts: [Map<string, number>?, Map<string, number>?] = []

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

  /** Returns the word runs of a unit that no other unit of its text has, in the old and in the new text: not its boilerplate. */
  ownShingles(unit: UnitText): Shingles {
    const counts = [this.#countShingles(this.before, 0), this.#countShingles(this.after, 1)]
    return new Set(
      [...this.shingles(unit)].filter((shingle) => counts.every((each) => (each.get(shingle) ?? 0) <= 1)),
    )
  }

  #countShingles(units: UnitText[], side: 0 | 1): Map<string, number> {
    const known = this.#counts[side]
    if (known !== undefined) return known
    const counts = new Map<string, number>()
    for (const unit of units)
      for (const shingle of this.shingles(unit)) counts.set(shingle, (counts.get(shingle) ?? 0) + 1)
    this.#counts[side] = counts
    return counts
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
