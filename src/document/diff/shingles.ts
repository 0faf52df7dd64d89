// Runs of three words as the fingerprint of a text. They show how much of one text occurs in another, in whatever order.

const LENGTH = 3

/** The word runs of a text. */
export type Shingles = Set<string>

/** Collects the word runs of a text. */
export function collectShingles(text: string): Shingles {
  const words = text.normalize('NFC').toLowerCase().match(wordPattern) ?? []
  const shingles: Shingles = new Set()
  for (let i = 0; i + LENGTH <= words.length; i += 1) shingles.add(words.slice(i, i + LENGTH).join(' '))
  // A text of one or two words is its own only run.
  if (shingles.size === 0 && words.length > 0) shingles.add(words.join(' '))
  return shingles
}

/** A character of a script without spaces is a word. */
const wordPattern = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|[\p{L}\p{N}]+/gu

/** Returns the share of `part` that occurs in `text`, 0 to 1. */
export function containment(part: Shingles, text: Shingles): number {
  if (part.size === 0) return 0
  let shared = 0
  for (const shingle of part) if (text.has(shingle)) shared += 1
  return shared / part.size
}

/** Returns the likeness of two texts, 0 to 1: shared runs among all runs. */
export function likeness(one: Shingles, other: Shingles): number {
  const [small, large] = one.size <= other.size ? [one, other] : [other, one]
  let shared = 0
  for (const shingle of small) if (large.has(shingle)) shared += 1
  const all = one.size + other.size - shared
  return all === 0 ? 1 : shared / all
}

/** A run that occurs in more texts than this does not identify a text. Without such runs the search stays linear. */
const COMMON = 40

/** An index of items by their word runs. */
interface ShingleIndex<Item> {
  /** Lists the items that share runs with `shingles`, the one that shares most first. */
  like(shingles: Shingles): Item[]
}

/** Indexes items by their word runs. */
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
