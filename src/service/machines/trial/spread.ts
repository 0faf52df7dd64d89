/** At most so many of the numbers from 1 to n, evenly spread, with both ends. */
export function spread(n: number, most: number): number[] {
  const count = Math.min(n, most)
  const at = (index: number) => (count === 1 ? n : 1 + Math.round((index * (n - 1)) / (count - 1)))
  return Array.from({ length: count }, (_, index) => at(index))
}
