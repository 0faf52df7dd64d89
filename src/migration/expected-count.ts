import { z } from 'zod'

/** How many rows a migration is expected to insert, update or delete: a number, a range, or what the rehearsal of the run finds. */

const AS_FOUND = 'as found at preflight'

const bound = z.int().min(0)

/** The value of `inserted`, `updated`, `deleted` and of the rows of side effects in bundle.yaml. */
export const expectedCount = z.union(
  [
    bound,
    z
      .strictObject({ min: bound.optional(), max: bound.optional() })
      .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, 'min must not be above max'),
    z.literal(AS_FOUND),
  ],
  { error: `must be a number, a range such as { min: 1, max: 100 }, or: ${AS_FOUND}` },
)
export type ExpectedCount = z.infer<typeof expectedCount>

/** Whether rows may be counted at all. */
export const mayCount = (expected: ExpectedCount): boolean =>
  typeof expected === 'number' ? expected > 0 : expected === AS_FOUND || expected.max !== 0

/** Whether this many rows are expected. */
export function isExpected(expected: ExpectedCount, found: number): boolean {
  if (expected === AS_FOUND) return true
  if (typeof expected === 'number') return expected === found
  return found >= (expected.min ?? 0) && found <= (expected.max ?? Number.POSITIVE_INFINITY)
}

/** Whether the number may differ between the rehearsal and the target. What is found at preflight may not. */
export const isRange = (expected: ExpectedCount | undefined): expected is { min?: number; max?: number } =>
  typeof expected === 'object'
