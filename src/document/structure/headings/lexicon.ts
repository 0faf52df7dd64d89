import type { Level, Profile } from '../../profiles/profile.ts'
import { compileOpeningBytes, type OpeningBytes } from '../../syntax/line-prefilter.ts'
import { foldWords, formKey, remember } from './fold-words.ts'
import { compileMarkers, type ListMarker } from './list-markers.ts'

/** The heading forms of a profile, compiled for look-up by the words around the number. */
export interface Lexicon {
  profile: Profile
  forms: Map<string, Form>
  /** Folded words before the number of forms that also have words behind it. */
  continued: Set<string>
  /** What is known of words before a number, as they are written: the headings of a text begin with few. */
  beginnings: Map<string, Beginning>
  /** Forms whose words come first, so that "Article PREAMBULE" is recognised without a number. */
  words: Map<string, Level>
  /** First words of the forms; in scripts without spaces, their first signs. They rule out most lines of text. */
  openings: Set<string>
  /** First words of lines, as they are written, and whether a form begins with them. */
  known: Map<string, boolean>
  openingBytes: OpeningBytes
  ignoredPrefixes: string[]
  /** Signs around a number at the beginning of a paragraph. */
  marks: ListMarker[]
}

/** A form of headings: its level, and whether such a heading names several numbers ("§§ 114, 115"). */
interface Form {
  level: Level
  lists: boolean
}

/** The forms that words before a number may belong to. */
interface Beginning {
  /** The form without words behind its number. */
  form: Form | undefined
  /** Whether there are forms with words behind it. */
  isContinued: boolean
  /** The forms of words behind the number, as they are written. */
  continuations: Map<string, Form | undefined>
}

/** Compiles a profile's heading forms. */
export function compileLexicon(profile: Profile): Lexicon {
  const known = compiled.get(profile)
  if (known !== undefined) return known
  const forms = new Map<string, Form>()
  const continued = new Set<string>()
  const words = new Map<string, Level>()
  const openings = new Set<string>()
  const firstSigns = new Set<string>()
  const addForm = (level: Level, form: string, lists: boolean) => {
    const [before = '', after = ''] = form.normalize('NFC').split('{n}')
    const key = formKey(before, after)
    if (!forms.has(key)) forms.set(key, { level, lists })
    const [folded, following = ''] = key.split('{n}')
    if (following !== '') continued.add(folded!)
    const opening = folded!.split(' ')[0]!
    openings.add(opening)
    if (before !== '') firstSigns.add([...before][0]!)
    if (opening === '' && after !== '') for (const word of Object.keys(profile.numberWords)) addOpening(word)
    if (/\p{L}/u.test(before) && after.trim() === '' && !words.has(foldWords(before)))
      words.set(foldWords(before), level)
  }
  const addOpening = (word: string) => {
    openings.add(foldWords(word))
    firstSigns.add([...word][0]!)
  }
  for (const level of profile.levels) {
    for (const form of level.headings) addForm(level, form, /^§§/.test(form))
    for (const form of level.lists ?? []) addForm(level, form, true)
    for (const name of level.names ?? []) {
      words.set(foldWords(name), level)
      openings.add(foldWords(name).split(' ')[0]!)
      firstSigns.add([...name][0]!)
    }
  }
  const ignoredPrefixes = profile.ignoredPrefixes.map((prefix) => prefix.normalize('NFC'))
  const openingBytes = compileOpeningBytes(openings, firstSigns, ignoredPrefixes)
  const lexicon: Lexicon = {
    profile,
    forms,
    continued,
    beginnings: new Map(),
    words,
    openings,
    known: new Map(),
    ignoredPrefixes,
    openingBytes,
    marks: compileMarkers(profile),
  }
  compiled.set(profile, lexicon)
  return lexicon
}

const compiled = new WeakMap<Profile, Lexicon>()

/** Finds the forms that the words before a number may belong to. */
export function findBeginning(before: string, { forms, continued, beginnings }: Lexicon): Beginning {
  const known = beginnings.get(before)
  if (known !== undefined) return known
  const folded = foldWords(before)
  return remember(beginnings, before, {
    form: forms.get(`${folded}{n}`),
    isContinued: continued.has(folded),
    continuations: new Map(),
  })
}

/** Finds the form with these words before and behind its number. */
export function findContinuation(before: string, behind: string, lexicon: Lexicon): Form | undefined {
  const { continuations } = findBeginning(before, lexicon)
  const known = continuations.get(behind)
  if (known !== undefined || continuations.has(behind)) return known
  return remember(continuations, behind, lexicon.forms.get(formKey(before, behind)))
}

const OPENING = /^(?:\p{sc=Han}|\p{sc=Hangul}|§+|[\p{L}\p{M}]+)/u

/** Tests cheaply whether a line may have a known form. False for nearly all text, never for a line of a known form. */
export function mayBeForm(text: string, lexicon: Lexicon): boolean {
  const opening = OPENING.exec(text)
  if (opening === null)
    return NUMBER_FIRST.test(text) || lexicon.ignoredPrefixes.some((prefix) => text.startsWith(prefix))
  const word = opening[0]
  const isOpening =
    lexicon.known.get(word) ?? remember(lexicon.known, word, lexicon.openings.has(foldWords(word)))
  return isOpening || ROMAN_FIRST.test(text)
}

const NUMBER_FIRST = /^\p{Nd}[^\p{L}§]{0,20}[\p{L}§]/u
const ROMAN_FIRST = /^[IVXLCDM\u2160-\u217f]+[\s.]/
