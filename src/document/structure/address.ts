import { sha256 } from '../../domain/json.ts'
import { fillTemplate } from '../profiles/address-template.ts'

/**
 * Addresses of the form canonical-address-v1: uppercase ASCII letters, digits, `-`, `.`, `/`, `_`. An address never holds a
 * status. The same heading in the same place always has the same address.
 */

const LONGEST_SLUG = 60

/** Letters that have no decomposition into ASCII. */
const LETTERS: Record<string, string> = {
  Đ: 'D',
  Ð: 'D',
  Ø: 'O',
  Ł: 'L',
  Æ: 'AE',
  Œ: 'OE',
  Þ: 'TH',
  Ħ: 'H',
  ı: 'I',
  ẞ: 'SS',
}

/**
 * Turns a heading's words into a part of an address, of at most 60 characters. Words in another script are not transliterated,
 * because there is more than one way to do it. They become `H-` and the first eight hex digits of their SHA-256.
 */
export function makeSlug(words: string): string {
  const text = words.normalize('NFC').trim()
  const folded = text
    .toUpperCase()
    .replace(/[ĐÐØŁÆŒÞĦıẞ]/gu, (letter) => LETTERS[letter]!)
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
  const hash = () => sha256(text).slice(0, 8).toUpperCase()
  const slug = folded.replace(/[^A-Z0-9]+/g, '-').replace(/^-|-$/g, '')
  if (slug === '' || /[^\P{L}A-Z]|[^\P{N}0-9]/u.test(folded)) return `H-${hash()}`
  return slug.length <= LONGEST_SLUG ? slug : `${slug.slice(0, LONGEST_SLUG - 9)}-${hash()}`
}

/** The values of an address template's parts. */
interface AddressParts {
  document: string
  /** Address of the record that encloses this one, or null. */
  container: string | null
  code: string
  number: string
  /** Returns the number of the enclosing record of a level, or null. */
  enclosing: (level: string) => string | null
}

/** Builds an address from a template. An empty part is left out together with its slash. */
export function buildAddress(template: string, parts: AddressParts): string {
  const { document, container, code, number, enclosing } = parts
  const inner = container === null ? '' : container.slice(container.indexOf('/') + 1)
  const known: { [name: string]: string } = { document, container: inner, code, number }
  return fillTemplate(template, (name) => known[name] ?? enclosing(name))
    .toUpperCase()
    .replace(/\/{2,}/g, '/')
    .replace(/[^A-Z0-9./_-]/g, '-')
    .replace(/-$/, number === '' ? '' : '-')
}
