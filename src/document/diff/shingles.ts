/** Runs of three words, as a text's fingerprint: how much of one text stands in another, whatever was moved around it. */

const LENGTH = 3

export type Shingles = Set<string>

export function collectShingles(text: string): Shingles {
  const words = text.normalize('NFC').toLowerCase().match(wordPattern) ?? []
  const shingles: Shingles = new Set()
  for (let i = 0; i + LENGTH <= words.length; i += 1) shingles.add(words.slice(i, i + LENGTH).join(' '))
  // A text of one or two words is its own only run.
  if (shingles.size === 0 && words.length > 0) shingles.add(words.join(' '))
  return shingles
}

/** A sign of a script without spaces is a word of its own. */
const wordPattern = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|[\p{L}\p{N}]+/gu

/** How much of the one stands in the other, 0 to 1. */
export function containment(part: Shingles, whole: Shingles): number {
  if (part.size === 0) return 0
  let shared = 0
  for (const shingle of part) if (whole.has(shingle)) shared += 1
  return shared / part.size
}

/** How alike two texts are, 0 to 1: shared runs among all runs. */
export function likeness(one: Shingles, other: Shingles): number {
  const [small, large] = one.size <= other.size ? [one, other] : [other, one]
  let shared = 0
  for (const shingle of small) if (large.has(shingle)) shared += 1
  const all = one.size + other.size - shared
  return all === 0 ? 1 : shared / all
}

/** A run that stands in more texts than this says nothing about which of them is meant; passing it over keeps the search linear. */
const COMMON = 40

export interface ShingleIndex<Item> {
  /** Items that share runs with these, the one that shares most first. */
  like(shingles: Shingles): Item[]
}

export function indexShingles<Item>(
  items: Item[],
  shinglesOfItem: (item: Item) => Shingles,
): ShingleIndex<Item> {
  const holders = new Map<string, Item[]>()
  for (const item of items) {
    for (const shingle of shinglesOfItem(item)) {
      const known = holders.get(shingle)
      if (known === undefined) holders.set(shingle, [item])
      else if (known.length <= COMMON) known.push(item)
    }
  }
  return {
    like(shingles) {
      const shared = new Map<Item, number>()
      for (const shingle of shingles) {
        const known = holders.get(shingle) ?? []
        if (known.length > COMMON) continue
        for (const item of known) shared.set(item, (shared.get(item) ?? 0) + 1)
      }
      return [...shared].sort((a, b) => b[1] - a[1]).map(([item]) => item)
    },
  }
}
