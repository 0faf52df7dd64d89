import type { Level, Profile } from '../../profiles/profile.ts'
import { compileOpeningBytes, type OpeningBytes } from '../../syntax/line-prefilter.ts'
import { listLeadingNumberWords } from '../numerals/number-words.ts'
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
  /** Forms whose words are behind the number, by these, and those around it: "{n} §", "第{n}条". */
  behind: Map<string, Level>
  around: { before: string; after: string; level: Level }[]
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
  const behind = new Map<string, Level>()
  const around: Lexicon['around'] = []
  const openings = new Set<string>()
  const firstSigns = new Set<string>()
  let isNumberFirst = false
  const addForm = (level: Level, form: string, lists: boolean) => {
    const [before = '', after = ''] = form.normalize('NFC').split('{n}')
    const key = formKey(before, after)
    if (!forms.has(key)) forms.set(key, { level, lists })
    const [folded, following = ''] = key.split('{n}')
    if (following !== '') continued.add(folded!)
    const opening = folded!.split(' ')[0]!
    openings.add(opening)
    addFirstSign(before)
    if (before !== '') firstSigns.add([...before][0]!)
    if (opening === '' && after !== '') isNumberFirst = true
    if (folded === '' && following !== '' && !behind.has(following)) behind.set(following, level)
    if (before.trim() !== '' && after.trim() !== '')
      around.push({ before: before.trim(), after: after.trim(), level })
    if (/\p{L}/u.test(before) && after.trim() === '' && !words.has(foldWords(before)))
      words.set(foldWords(before), level)
  }
  // In these scripts the first sign of a line is its first word.
  const addFirstSign = (words: string) => {
    const sign = /^[\p{sc=Han}\p{sc=Hangul}]/u.exec(words)?.[0]
    if (sign !== undefined) openings.add(foldWords(sign))
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
      addFirstSign(name)
      firstSigns.add([...name][0]!)
    }
  }
  if (isNumberFirst) {
    const own = Object.keys(profile.numberWords)
    for (const word of own) addOpening(word)
    if (own.length > 0)
      for (const word of listLeadingNumberWords()) {
        openings.add(word)
        if (word.charCodeAt(0) >= 0x80) firstSigns.add([...word][0]!)
      }
    // Its small letter is "i" with a sign above it.
    firstSigns.add('İ')
  }
  const ignoredPrefixes = profile.ignoredPrefixes.map((prefix) => prefix.normalize('NFC'))
  const openingBytes = compileOpeningBytes(openings, firstSigns, ignoredPrefixes)
  const lexicon: Lexicon = {
    profile,
    forms,
    continued,
    beginnings: new Map(),
    words,
    behind,
    around,
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

/** Words and abbreviations for "number" between a heading's word and its number: "Article No. 3". */
const NUMBER_WORD =
  /(?<=[\p{L}\p{M}.]\s?)(?<![\p{L}\p{M}])(?:n\.?\s?[oº°]|nr|n[uú]m|n[uú]mero|num[eé]ro|number|numm?er|номер)\.?\s*$/iu

/** Finds the forms that the words before a number may belong to. */
export function findBeginning(before: string, { forms, continued, beginnings }: Lexicon): Beginning {
  const known = beginnings.get(before)
  if (known !== undefined) return known
  const written = foldWords(before)
  const isKnown = forms.has(`${written}{n}`) || continued.has(written)
  const folded = isKnown ? written : foldWords(before.replace(NUMBER_WORD, ''))
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
