import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { fillTemplate } from '../profiles/address-template.ts'

/**
 * canonical-address-v1: uppercase ASCII letters, digits, `-`, `.`, `/`, `_`. An address never holds a status, and the
 * same heading in the same place gives the same address for ever.
 */

const LONGEST_SLUG = 60

/** Letters that no decomposition turns into ASCII. */
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
 * A heading's words as part of an address. Words in another script aren't transliterated, since there is more than one
 * way to do it: they become H- and the start of their SHA-256.
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

export interface AddressParts {
  document: string
  /** Address of what encloses the record, or null. */
  container: string | null
  code: string
  number: string
  /** Numbers of what encloses the record, by level. */
  enclosing: (level: string) => string | null
}

/** Fills a template. A part that is empty takes its slash with it. */
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

const LONGEST_DOCUMENT_ID = 64

/** A document id stands in addresses and in file names; throws INPUT_REFUSED for one that can't. */
export function assertDocumentId(document: string): void {
  const fault = faultOfDocumentId(document)
  if (fault === null) return
  throw new CutterError('INPUT_REFUSED', `document id ${JSON.stringify(document)} ${fault}`, {
    next: 'name the document with ASCII letters, digits, "-", "_" and "." only, e.g. ICX-CONST',
  })
}

function faultOfDocumentId(document: string): string | null {
  if (!/^[A-Za-z0-9_.-]*$/.test(document)) {
    return 'holds something else than letters, digits, "-", "_" and "."'
  }
  if (document.length > LONGEST_DOCUMENT_ID) return `is longer than ${LONGEST_DOCUMENT_ID} signs`
  return /^[A-Za-z0-9]/.test(document) ? null : 'does not begin with a letter or a digit'
}
