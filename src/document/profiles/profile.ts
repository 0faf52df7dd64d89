import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'
import { findTemplateFault } from './address-template.ts'

/**
 * A profile is data: how headings look, which of them are units, how addresses are made. There is no pattern language
 * in it but the place of the number, so that no profile, ours or a user's, can make matching slower than linear.
 */

/** `Article {n}`, `{n}. cikk`, `第{n}条`: the words round a number; case, punctuation and spaces don't count. */
const headingForm = z
  .string()
  .regex(/^[^{}]*\{n\}[^{}]*$/, 'a heading form holds {n} once, e.g. "Article {n}"')

export const schemes = [
  'arabic',
  'dotted',
  'roman',
  'small-roman',
  'letter',
  'small-letter',
  'han',
  'circled',
] as const

/** `({arabic})`, `{circled}`, `○{arabic}`: signs as they are at the beginning of a paragraph, and the scheme of the number. */
const mark = z
  .string()
  .regex(
    new RegExp(`^[^{}\\s]{0,4}\\{(?:${schemes.join('|')})\\}(?: ?[^{}\\s]{1,4})?$`, 'u'),
    `a mark holds the scheme of its number in braces, e.g. "({arabic})"; schemes are ${schemes.join(', ')}`,
  )

/** Forms in a list, or in lists by language; in a profile that was taken in they are one list. */
const forms = z.union([
  z.array(headingForm),
  z
    .record(z.string().regex(/^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$/), z.array(headingForm))
    .transform((byLanguage) => [...new Set(Object.values(byLanguage).flat())]),
])

const template = z.string().superRefine((text, context) => {
  const fault = findTemplateFault(text)
  if (fault !== null) context.addIssue(fault)
})

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name is of small letters, digits and "-"')

const level = z.strictObject({
  name,
  /** How the level is written in addresses. */
  code: z.string().regex(/^[A-Z0-9_.-]+$/, 'a code is of capitals, digits, "_", "." and "-"'),
  /**
   * `container` holds units. `leaf` may be the kind that is cut. `branch` is a unit unless it holds units itself; so
   * is `annex`, which alone says nothing of what a text is. `unit` is always cut and holds what is narrower: its own text ends
   * where that begins.
   */
  role: z.enum(['container', 'leaf', 'branch', 'annex', 'unit']),
  headings: forms.default([]),
  marks: z.array(mark).default([]),
  /** Whether behind a mark a title must stand, on a line of its own. */
  title: z.enum(['optional', 'required']).default('optional'),
  /** Instead of the profile's own template. */
  address: template.optional(),
})

const statusMark = z.strictObject({
  /** Words that stand after the heading's number or in brackets at its end, e.g. "repealed". */
  words: z.array(z.string().min(1)).min(1),
  status: name,
  /** For people: what the status says. */
  meaning: z.string().min(1).optional(),
  /** Whether a unit so marked is left out of the cut, and with what reason. */
  excludedBecause: z.string().min(1).nullable(),
})

const exclusion = z.strictObject({
  /** Headings that are these words, with or without a number. */
  words: z.array(z.string().min(1)).min(1),
  because: z.string().min(1),
})

const detection = z.strictObject({
  /** `first`: always tried; `fallback`: where nothing tried first fits; `named`: only when it is named. */
  when: z.enum(['first', 'fallback', 'named']).default('first'),
  /** The text has to begin with one of these. */
  begins: z.array(z.string().min(1)).optional(),
  /** One of these words has to stand in the text, or in what may be its title, as it is written here. */
  words: z.array(z.string().min(1)).optional(),
  titleWords: z.array(z.string().min(1)).optional(),
  /** Units of each of these levels have to be found. */
  needs: z.array(name).optional(),
})

const syntax = z.enum(['markdown', 'plain', 'html'])
const named = z.strictObject({ name, code: z.string().regex(/^[A-Z0-9_.-]+$/) })
export const ignorable = ['front-matter', 'comments', 'fences', 'tables', 'footnotes'] as const

export const profileSchema = z.strictObject({
  name,
  version: z.string().min(1),
  description: z.string().default(''),
  /** BCP 47; of the forms, where they stand by language. */
  languages: z.array(z.string()).default([]),
  /** Of several the one that fits best. */
  syntax: z.union([syntax.transform((one) => [one]), z.array(syntax).min(1)]),
  detect: detection.prefault({}),
  /** What holds no headings. */
  ignore: z.array(z.enum(ignorable)).default([]),
  /** From the widest to the narrowest. */
  levels: z.array(level).min(1),
  /** The levels that are cut, or the one of role `leaf` that has most numbered headings at one depth. */
  leaves: z.union([z.literal('most-frequent'), z.array(z.string()).min(1)]),
  /** Headings of no known kind. */
  unnamed: named,
  /** The unit that a text without any heading is as a whole; left out: such a text is refused. */
  whole: named.optional(),
  /** Paragraphs that begin with a heading: in bold (Markdown), or with the words themselves. */
  runIns: z.array(z.enum(['bold', 'words'])).default([]),
  /** Unknown words with growing numbers are headings from this many on; 0 turns the rule off. Plain text only. */
  repeatedForms: z.int().min(0).default(0),
  /** Words that never make a heading by repetition. */
  neverHeadings: z.array(z.string()).default([]),
  /**
   * `{document}`, `{container}` (the enclosing container's own part), `{code}`, `{number}`, and by a level's name the number
   * of the enclosing one; `[S{segment}|ROOT]`: the first alternative of which all parts are known.
   */
  address: template.refine((text) => text.includes('{number}'), 'an address template holds {number}'),
  numbering: z.array(z.enum(['roman', 'han', 'letter', 'circled'])).default([]),
  numberWords: z.record(z.string(), z.int().positive()).default({}),
  /** "11 bis": kept, as 11-BIS. */
  numberSuffixes: z.array(z.string()).default([]),
  /** "1er", "5th", "1º": dropped. */
  ordinalMarks: z.array(z.string()).default([]),
  /** "74a und 75": one heading for several numbers, 74A_75. */
  numberJoiners: z.array(z.string()).default([]),
  /** "第五条の二": the number goes on behind the words, 5-2. */
  numberContinuations: z.array(z.string()).default([]),
  ignoredPrefixes: z.array(z.string()).default([]),
  statusMarks: z.array(statusMark).default([]),
  /** Whether a status mark that is the whole text of a unit counts like one in its heading. */
  statusInBody: z.boolean().default(false),
  exclusions: z.array(exclusion).default([]),
  /** HTML: the attribute that numbers elements, and the level of each element that may bear it. */
  numberAttribute: z.string().min(1).optional(),
  elements: z.record(z.string(), name).default({}),
})

export type Profile = z.infer<typeof profileSchema>
/** As it is written: what has a default may be left out. */
export type ProfileInput = z.input<typeof profileSchema>
export type Level = Profile['levels'][number]
export type Scheme = (typeof schemes)[number]
export type Syntax = z.infer<typeof syntax>

/** Takes in a profile from outside; throws INPUT_REFUSED that names the profile, the field and what is wrong with it. */
export function parseProfile(value: unknown): Profile {
  const parsed = profileSchema.safeParse(value)
  const faults = parsed.success
    ? faultsBetween(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the profile'}: ${message}`)
  if (parsed.success && faults.length === 0) {
    return parsed.data.languages.length > 0 ? parsed.data : { ...parsed.data, languages: languagesOf(value) }
  }
  const called = (value as { name?: unknown } | null)?.name
  const which = typeof called === 'string' ? `the profile ${called}` : 'the profile'
  throw new CutterError('INPUT_REFUSED', `${which} is not valid: ${faults.slice(0, 10).join('; ')}`, {
    next: 'cutter document profiles <name> prints one of ours to compare with',
    data: { faults },
  })
}

/** What no field shows by itself. */
function faultsBetween({ levels, leaves, detect, elements }: Profile): string[] {
  const names = levels.map((each) => each.name)
  const twice = names.filter((each, i) => names.indexOf(each) !== i)
  const strange = (field: string, used: string[]) =>
    used
      .filter((each) => !names.includes(each))
      .map((each) => `${field}: ${each} is no level of this profile`)
  return [
    ...twice.map((each) => `levels: ${each} stands twice`),
    ...strange('leaves', leaves === 'most-frequent' ? [] : leaves),
    ...strange('detect.needs', detect.needs ?? []),
    ...strange('elements', Object.values(elements)),
  ]
}

function languagesOf(value: unknown): string[] {
  const { levels } = value as { levels: { headings?: object }[] }
  const byLanguage = levels.flatMap(({ headings }) =>
    headings === undefined || Array.isArray(headings) ? [] : Object.keys(headings),
  )
  return [...new Set(byLanguage)].sort()
}
