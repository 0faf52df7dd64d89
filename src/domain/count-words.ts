/** A number of rows as words, such as `5`, `at least 1`, `1 to 100`; words stay as they are. */
export function countWords(
  expected: number | string | { min?: number | undefined; max?: number | undefined },
): string {
  if (typeof expected !== 'object') return String(expected)
  const { min = 0, max } = expected
  if (max === undefined) return `at least ${min}`
  return min === 0 ? `at most ${max}` : `${min} to ${max}`
}
