import type { Level, Profile } from '../../../profiles/profile.ts'
import { compileOpeningBytes, type OpeningBytes } from '../../syntax/line-prefilter.ts'
import { compileMarkers, type ListMarker } from './list-markers.ts'

/** The heading forms of a profile, compiled for look-up by the words around the number. */
export interface Lexicon {
  profile: Profile
  forms: Map<string, Level>
  /** Forms whose words come first, so that "Article PREAMBULE" is recognised without a number. */
  words: Map<string, Level>
  /** First words of the forms; in scripts without spaces, their first signs. They rule out most lines of text. */
  openings: Set<string>
  openingBytes: OpeningBytes
  ignoredPrefixes: string[]
  /** Signs around a number at the beginning of a paragraph. */
  marks: ListMarker[]
}

/** Compiles a profile's heading forms. */
export function compileLexicon(profile: Profile): Lexicon {
  const forms = new Map<string, Level>()
  const words = new Map<string, Level>()
  const openings = new Set<string>()
  for (const level of profile.levels) {
    for (const form of level.headings) {
      const [before = '', after = ''] = form.normalize('NFC').split('{n}')
      forms.set(formKey(before, after), level)
      openings.add(foldWords(before).split(' ')[0]!)
      if (/\p{L}/u.test(before) && after.trim() === '') words.set(foldWords(before), level)
    }
  }
  const ignoredPrefixes = profile.ignoredPrefixes.map((prefix) => prefix.normalize('NFC'))
  return {
    profile,
    forms,
    words,
    openings,
    ignoredPrefixes,
    openingBytes: compileOpeningBytes(openings, ignoredPrefixes),
    marks: compileMarkers(profile),
  }
}

const ASCII = /^[\x20-\x7e]*$/

/**
 * Folds words for comparison: case, accents, punctuation and spacing make no difference, because capitals are often written
 * without accents.
 */
export function foldWords(words: string): string {
  if (ASCII.test(words))
    return words
      .toLowerCase()
      .replaceAll("'", '')
      .replace(/[^a-z]+/g, ' ')
      .trim()
  return words
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/['’ʼ]/g, '')
    .replace(/[^\p{L}\p{M}§]+/gu, ' ')
    .trim()
}

/** Returns the key under which a form is looked up, from the words before and after its number. */
export function formKey(before: string, after: string): string {
  return `${foldWords(before)}{n}${foldWords(after)}`
}

const OPENING = /^(?:\p{sc=Han}|\p{sc=Hangul}|§+|[\p{L}\p{M}]+)/u

/** Tests cheaply whether a line may have a known form. False for nearly all text, never for a line of a known form. */
export function mayBeForm(text: string, lexicon: Lexicon): boolean {
  const opening = OPENING.exec(text)
  if (opening === null)
    return NUMBER_FIRST.test(text) || lexicon.ignoredPrefixes.some((prefix) => text.startsWith(prefix))
  return lexicon.openings.has(foldWords(opening[0])) || ROMAN_FIRST.test(text)
}

const NUMBER_FIRST = /^\p{Nd}[^\p{L}§]{0,20}[\p{L}§]/u
const ROMAN_FIRST = /^[IVXLCDM\u2160-\u217f]+[\s.]/
