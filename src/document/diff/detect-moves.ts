import type { Change, UnitText } from './change.ts'

/** Marks unchanged units that changed position as `moved`. Keeps the longest increasing subsequence, so the set is minimal. */
export function markMoves(changes: Change[], before: UnitText[]): Change[] {
  const key = (address: string, occurrence = 1) => `${address}#${occurrence}`
  const places = new Map(before.map(({ address, occurrence }, place) => [key(address, occurrence), place]))
  const stayed = changes.filter(({ change }) => change === 'unchanged')
  const place = ({ address, occurrence }: Change) => places.get(key(address, occurrence))!
  const inOrder = longestRising(stayed.map(place))
  const moved = new Set(stayed.filter((_, index) => !inOrder.has(index)))
  return changes.map((one) => (moved.has(one) ? { ...one, change: 'moved' } : one))
}

/** Returns the indices of a longest increasing subsequence, by patience sorting in O(n log n). */
function longestRising(numbers: number[]): Set<number> {
  /** For each length, the index of the lowest end of an increasing subsequence of that length. */
  const ends: number[] = []
  const previous: number[] = []
  for (const [index, number] of numbers.entries()) {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (numbers[ends[middle]!]! < number) low = middle + 1
      else high = middle
    }
    previous[index] = ends[low - 1] ?? -1
    ends[low] = index
  }
  const found = new Set<number>()
  for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index]!) found.add(index)
  return found
}
