import { z } from 'zod'
import { CutterError } from '../domain/errors.ts'

/**
 * A profile is data: how headings look, which of them are units, how addresses are made. There is no pattern language
 * in it but `{n}`, so that no profile, ours or a user's, can make matching slower than linear.
 */

/** `Article {n}`, `{n}. cikk`, `第{n}条`: the words round a number; case, punctuation and spaces don't count. */
const headingForm = z
  .string()
  .regex(/^[^{}]*\{n\}[^{}]*$/, 'a heading form holds {n} once, e.g. "Article {n}"')

const level = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** How the level is written in addresses. */
  code: z.string().regex(/^[A-Z0-9_.-]+$/),
  /**
   * `container` holds units. `leaf` may be the kind that is cut. `annex` is a unit unless it holds units itself.
   */
  role: z.enum(['container', 'leaf', 'annex']),
  headings: z.array(headingForm),
})

const statusMark = z.strictObject({
  /** Words that stand after the heading's number or in brackets at its end, e.g. "repealed". */
  words: z.array(z.string().min(1)).min(1),
  status: z.string().regex(/^[a-z][a-z-]*$/),
  /** Whether a unit so marked is left out of the cut, and with what reason. */
  excludedBecause: z.string().min(1).nullable(),
})

export const profileSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  version: z.string().min(1),
  syntax: z.enum(['markdown', 'plain']),
  /** From the widest to the narrowest. */
  levels: z.array(level).min(1),
  /** The levels that are cut, or the one of role `leaf` that has most numbered headings at one depth. */
  leaves: z.union([z.literal('most-frequent'), z.array(z.string()).min(1)]),
  /** Headings of no known kind. */
  unnamed: z.strictObject({ name: z.string(), code: z.string().regex(/^[A-Z0-9_.-]+$/) }),
  /** Unknown words with growing numbers are headings from this many on; 0 turns the rule off. Plain text only. */
  repeatedForms: z.int().min(0),
  /** Words that never make a heading by repetition. */
  neverHeadings: z.array(z.string()),
  /** `{document}`, `{container}` (the enclosing container's own part), `{code}`, `{number}`. */
  address: z.string().regex(/\{number\}/, 'an address template holds {number}'),
  numbering: z.array(z.enum(['roman', 'han', 'letter'])),
  numberWords: z.record(z.string(), z.int().positive()),
  /** "11 bis": kept, as 11-BIS. */
  numberSuffixes: z.array(z.string()),
  /** "1er", "5th", "1º": dropped. */
  ordinalMarks: z.array(z.string()),
  /** "74a und 75": one heading for several numbers, 74A_75. */
  numberJoiners: z.array(z.string()),
  /** "第五条の二": the number goes on behind the words, 5-2. */
  numberContinuations: z.array(z.string()),
  ignoredPrefixes: z.array(z.string()),
  statusMarks: z.array(statusMark),
})

export type Profile = z.infer<typeof profileSchema>
export type Level = Profile['levels'][number]

/** Takes in a profile from outside; throws INPUT_REFUSED that names the field. */
export function parseProfile(value: unknown): Profile {
  const parsed = profileSchema.safeParse(value)
  if (!parsed.success) {
    throw new CutterError('INPUT_REFUSED', `the profile is not valid: ${z.prettifyError(parsed.error)}`)
  }
  const names = new Set(parsed.data.levels.map((each) => each.name))
  const strange =
    parsed.data.leaves === 'most-frequent' ? [] : parsed.data.leaves.filter((name) => !names.has(name))
  if (strange.length > 0) {
    throw new CutterError(
      'INPUT_REFUSED',
      `the profile's leaves name levels that it does not define: ${strange.join(', ')}`,
    )
  }
  return parsed.data
}
