/** Compares normalised numbers part by part: 5 < 12 < 12A < 12B, and 88-2 < 88-10. Negative when `a` comes first. */
export function compareNumbers(a: string, b: string): number {
  const left = a.match(/\d+|[A-Z]+/g) ?? []
  const right = b.match(/\d+|[A-Z]+/g) ?? []
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const one = left[i]
    const other = right[i]
    if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? -1 : 1
    if (one === other) continue
    const byValue = Number(one) - Number(other)
    if (!Number.isNaN(byValue)) return byValue
    return one.length - other.length || (one < other ? -1 : 1)
  }
  return 0
}
