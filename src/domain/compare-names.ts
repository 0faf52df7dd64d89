/** Orders names that begin with a number by its value, so that 9 comes before 10; others by their characters. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== null && right !== null && left !== right) return left < right ? -1 : 1
  return a === b ? 0 : a < b ? -1 : 1
}

function numberOf(name: string): bigint | null {
  const [digits] = /^\d+/.exec(name) ?? []
  return digits === undefined ? null : BigInt(digits)
}
