import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'
import { findTemplateFault } from './address-template.ts'

/*
 * A profile is data: the form of headings, the headings that are units, and the addresses. Its forms have no pattern language
 * except for the place of the number, so that no profile can make matching slower than linear.
 */

/** `Article {n}`, `{n}. cikk`, `第{n}条`: the words around a number. Case, punctuation and spaces make no difference. */
const headingForm = z
  .string()
  .regex(/^[^{}]*\{n\}[^{}]*$/, 'a heading form holds {n} once, e.g. "Article {n}"')

const schemes = [
  'arabic',
  'dotted',
  'roman',
  'small-roman',
  'letter',
  'small-letter',
  'han',
  'circled',
] as const

/** `({arabic})`, `{circled}`, `○{arabic}`: the exact signs at the beginning of a paragraph, and the scheme of the number. */
const mark = z
  .string()
  .regex(
    new RegExp(`^[^{}\\s]{0,4}\\{(?:${schemes.join('|')})\\}(?: ?[^{}\\s]{1,4})?$`, 'u'),
    `a mark holds the scheme of its number in braces, e.g. "({arabic})"; schemes are ${schemes.join(', ')}`,
  )

/** Forms in a list, or in lists by language. In a parsed profile they are one list. */
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
  /** The level's code in addresses. */
  code: z.string().regex(/^[A-Z0-9_.-]+$/, 'a code is of capitals, digits, "_", "." and "-"'),
  /**
   * `container` holds units. `leaf` may be the kind that is cut. `branch` is a unit unless it holds units. `annex` is the same,
   * but annexes alone are a weak sign in detection. `aside` is a unit with numbers of its own, which holds nothing. `unit` is always cut and holds narrower records; its own text ends at the
   * first of them.
   */
  role: z.enum(['container', 'leaf', 'branch', 'annex', 'aside', 'unit']),
  headings: forms.default([]),
  /** Forms of headings that name several numbers: "§§ {n}", "Articles {n}". There a comma or a dash joins two numbers. */
  lists: forms.exactOptional(),
  /** Words of headings without a number, for the role `annex`: "Preamble", "Transitional provisions". */
  names: z.array(z.string().min(1)).exactOptional(),
  marks: z.array(mark).default([]),
  /** Whether a marker must be followed by a title, on a line of its own. */
  title: z.enum(['optional', 'required']).default('optional'),
  /** Instead of the profile's own template. */
  address: template.optional(),
})

const statusMark = z.strictObject({
  /** Words after the heading's number or in brackets at its end, e.g. "repealed". */
  words: z.array(z.string().min(1)).min(1),
  status: name,
  /** The meaning of the status, for people. */
  meaning: z.string().min(1).optional(),
  /** The reason for which a unit with this mark is excluded from the cut; null if it is not excluded. */
  excludedBecause: z.string().min(1).nullable(),
})

const exclusion = z.strictObject({
  /** Headings of exactly these words, with or without a number. */
  words: z.array(z.string().min(1)).min(1),
  because: z.string().min(1),
})

const detection = z.strictObject({
  /** `first`: always tried. `fallback`: tried if none of the first fits. `named`: used only by its name. */
  when: z.enum(['first', 'fallback', 'named']).default('first'),
  /** The text must begin with one of these. */
  begins: z.array(z.string().min(1)).optional(),
  /** Or with one of these elements, if no line of it is a heading of Markdown, which may begin with an element too. */
  fragments: z.array(z.string().min(1)).optional(),
  /** The text, or its beginning with the title, must contain one of these words exactly. */
  words: z.array(z.string().min(1)).optional(),
  titleWords: z.array(z.string().min(1)).optional(),
  /** The text must have units of each of these levels. */
  needs: z.array(name).optional(),
})

const syntax = z.enum(['markdown', 'plain', 'html'])
const named = z.strictObject({ name, code: z.string().regex(/^[A-Z0-9_.-]+$/) })
const ignorable = ['front-matter', 'comments', 'fences', 'tables', 'footnotes'] as const

const profileSchema = z.strictObject({
  name,
  version: z.string().min(1),
  /** The rules of reading. Left out: the first ones, which documents keep that were cut before there were others. */
  rules: z.literal(2).exactOptional(),
  description: z.string().default(''),
  /** BCP 47. Left out: the languages of the forms, if these are by language. */
  languages: z.array(z.string()).default([]),
  /** Of several syntaxes the one that fits best is used. */
  syntax: z.union([syntax.transform((one) => [one]), z.array(syntax).min(1)]),
  detect: detection.prefault({}),
  /** Blocks without headings. */
  ignore: z.array(z.enum(ignorable)).default([]),
  /** From the widest to the narrowest. */
  levels: z.array(level).min(1),
  /** The levels that are cut, or `most-frequent`: the level of role `leaf` with most numbered headings at one depth. */
  leaves: z.union([z.literal('most-frequent'), z.array(z.string()).min(1)]),
  /** Name and code of headings of unknown kind. */
  unnamed: named,
  /** The unit that a text without any heading becomes. Left out: such a text is refused. */
  whole: named.optional(),
  /** Paragraphs that begin with a heading: in bold (Markdown), or in plain words. */
  runIns: z.array(z.enum(['bold', 'words'])).default([]),
  /** Minimum number of headings in unknown words with growing numbers; 0 turns the rule off. Plain text only. */
  repeatedForms: z.int().min(0).default(0),
  /** Markdown only: the sign of its headings. Left out: `#`. AsciiDoc has `=`. */
  headingSign: z.enum(['#', '=']).exactOptional(),
  /** Words that never make a heading by repetition. */
  neverHeadings: z.array(z.string()).default([]),
  /**
   * Parts: `{document}`, `{container}` (the enclosing container's own part), `{code}`, `{number}`, and a level's name for the
   * number of the enclosing record of that level. `[S{segment}|ROOT]`: the first alternative of which all parts are known.
   */
  address: template.refine((text) => text.includes('{number}'), 'an address template holds {number}'),
  numbering: z.array(z.enum(['roman', 'han', 'letter', 'circled', 'letters'])).default([]),
  numberWords: z.record(z.string(), z.int().positive()).default({}),
  /** "11 bis": kept, as 11-BIS. */
  numberSuffixes: z.array(z.string()).default([]),
  /** Suffixes in other scripts, and their form for addresses: "2 مكرر" is 2-BIS. */
  numberSuffixWords: z.record(z.string(), z.string().regex(/^[a-z0-9]+$/)).exactOptional(),
  /** "1er", "5th", "1º": dropped. */
  ordinalMarks: z.array(z.string()).default([]),
  /** "74a und 75": one heading with several numbers, 74A_75. */
  numberJoiners: z.array(z.string()).default([]),
  /** "第五条の二": the number continues behind the words, 5-2. */
  numberContinuations: z.array(z.string()).default([]),
  ignoredPrefixes: z.array(z.string()).default([]),
  statusMarks: z.array(statusMark).default([]),
  /** Words that may follow the words of a status: "repealed by Act 5". Without one of them, "Repealed laws" is a title. */
  statusFollowers: z.array(z.string().min(1)).exactOptional(),
  /** Whether a status mark that is the complete text of a unit counts like one in its heading. */
  statusInBody: z.boolean().default(false),
  exclusions: z.array(exclusion).default([]),
  /** HTML only: the attribute that numbers elements, and the level of each element that may have it. */
  numberAttribute: z.string().min(1).optional(),
  elements: z.record(z.string(), name).default({}),
  /** HTML only: parts of the page that belong to its site, such as navigation, are no text of units. Left out: they are read like others. It is never inherited. */
  siteParts: z.literal('outside').exactOptional(),
})

/** A parsed profile. */
export type Profile = z.infer<typeof profileSchema>
/** A profile as it is written: keys with a default may be left out. */
export type ProfileInput = z.input<typeof profileSchema>
/** A level of a profile. */
export type Level = Profile['levels'][number]
/** A numbering scheme of markers. */
export type Scheme = (typeof schemes)[number]
/** A syntax in which a document is written. */
export type Syntax = z.infer<typeof syntax>

/**
 * Parses the value of a YAML file as a profile. Languages that it does not list are collected from its words.
 * @throws INPUT_REFUSED when it is not valid. The error names the profile, the field and the fault.
 */
export function parseProfile(value: unknown): Profile {
  const parsed = profileSchema.safeParse(value)
  const faults = parsed.success
    ? findReferenceFaults(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the profile'}: ${message}`)
  if (parsed.success && faults.length === 0) {
    return parsed.data.languages.length > 0
      ? parsed.data
      : { ...parsed.data, languages: collectLanguages(value) }
  }
  const name = (value as { name?: unknown } | null)?.name
  const which = typeof name === 'string' ? `the profile ${name}` : 'the profile'
  throw new CutterError('INPUT_REFUSED', `${which} is not valid: ${faults.slice(0, 10).join('; ')}`, {
    next: 'cutter document profiles <name> prints a profile that ships, to compare with',
    data: { faults },
  })
}

/** Finds the faults between fields. */
function findReferenceFaults({ levels, leaves, detect, elements }: Profile): string[] {
  const names = levels.map((each) => each.name)
  const twice = names.filter((each, i) => names.indexOf(each) !== i)
  const strange = (field: string, used: string[]) =>
    used
      .filter((each) => !names.includes(each))
      .map((each) => `${field}: ${each} is not a level of this profile`)
  return [
    ...twice.map((each) => `levels: ${each} occurs twice`),
    ...strange('leaves', leaves === 'most-frequent' ? [] : leaves),
    ...strange('detect.needs', detect.needs ?? []),
    ...strange('elements', Object.values(elements)),
  ]
}

function collectLanguages(value: unknown): string[] {
  const { levels } = value as { levels: { headings?: object }[] }
  const byLanguage = levels.flatMap(({ headings }) =>
    headings === undefined || Array.isArray(headings) ? [] : Object.keys(headings),
  )
  return [...new Set(byLanguage)].sort()
}
