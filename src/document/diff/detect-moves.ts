import type { Change } from './diff-documents.ts'
import type { UnitText } from './diff-units.ts'

/** Says of units that are word for word the same under the same address, but in another place among such units, that they moved: of as few as can be. */
export function markMoves(changes: Change[], before: UnitText[]): Change[] {
  const key = (address: string, occurrence = 1) => `${address}#${occurrence}`
  const places = new Map(before.map(({ address, occurrence }, place) => [key(address, occurrence), place]))
  const stayed = changes.filter(({ change }) => change === 'unchanged')
  const place = ({ address, occurrence }: Change) => places.get(key(address, occurrence))!
  const inOrder = longestRising(stayed.map(place))
  const moved = new Set(stayed.filter((_, index) => !inOrder.has(index)))
  return changes.map((one) => (moved.has(one) ? { ...one, change: 'moved' } : one))
}

/** The indices of a longest subsequence that rises, by patience sorting: n log n. */
function longestRising(numbers: number[]): Set<number> {
  /** By length, the index at which a rising subsequence of it ends lowest. */
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
