/** A stretch of bytes; `end` is exclusive. */
export interface Span {
  start: number
  end: number
}

/**
 * Checks that spans in their order cover `length` bytes exactly once. It tests the partition itself, independently of the code
 * that made the records.
 */
export function checkCoverage(
  spans: readonly Span[],
  length: number,
): { complete: boolean; gaps: Span[]; overlaps: Span[] } {
  const gaps: Span[] = []
  const overlaps: Span[] = []
  let at = 0
  for (const { start, end } of spans) {
    if (start > at) gaps.push({ start: at, end: start })
    if (start < at) overlaps.push({ start, end: Math.min(at, end) })
    at = Math.max(at, end)
  }
  if (at < length) gaps.push({ start: at, end: length })
  return { complete: gaps.length === 0 && overlaps.length === 0 && at === length, gaps, overlaps }
}
