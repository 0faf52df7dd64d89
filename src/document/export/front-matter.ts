import { isDay } from '../../domain/day.ts'
import { readYaml } from '../../domain/yaml.ts'
import { threeLetters } from './language-codes.ts'

/** Facts about a document that its front matter names. Null where it names none. */
export interface NamedFacts {
  /** ISO 3166-1 in lower case. */
  country: string | null
  /** ISO 639-2 where the code is known, else as it is written. */
  language: string | null
  /** Date of the work, YYYY-MM-DD. */
  date: string | null
  /** Day of publication, YYYY-MM-DD. */
  published: string | null
  /** Day of commencement, YYYY-MM-DD. */
  commences: string | null
  /** European Legislation Identifier: a URI, or a path that begins with `eli/`. */
  eli: string | null
  /** European Case Law Identifier. */
  ecli: string | null
}

/** The largest front matter that is read, in UTF-16 units. */
const LONGEST = 65_536

const KEYS: { [fact in keyof NamedFacts]: string[] } = {
  country: ['country', 'jurisdiction'],
  language: ['language', 'lang'],
  date: ['date', 'enacted', 'adopted', 'date-enacted', 'date-document'],
  published: ['published', 'publication', 'date-published', 'date-publication', 'publication-date'],
  commences: [
    'commences',
    'commencement',
    'in-force',
    'in-force-since',
    'entry-into-force',
    'date-entry-in-force',
  ],
  eli: ['eli'],
  ecli: ['ecli'],
}

/** What a value must be, in words for people, and how it is read: null where it is something else. */
const FORMS: { [fact in keyof NamedFacts]: { what: string; read: (value: string) => string | null } } = {
  country: {
    what: 'a code of two letters, such as vn',
    read: (value) => matched(value.toLowerCase(), /^[a-z]{2}$/),
  },
  language: { what: 'a code of two or three letters, such as vie', read: readLanguage },
  date: { what: 'a date, such as 2013-11-28', read: readDay },
  published: { what: 'a date, such as 2013-11-28', read: readDay },
  commences: { what: 'a date, such as 2013-11-28', read: readDay },
  eli: {
    what: 'an ELI, such as http://data.europa.eu/eli/reg/2016/679/oj',
    read: (value) => matched(value, /^(?:https?:\/\/[^\s/]+\/(?:[^\s]*\/)?|\/?)eli\/[^\s]+$/i),
  },
  ecli: {
    what: 'an ECLI, such as ECLI:EU:C:2014:317',
    read: (value) => matched(value.toUpperCase(), /^ECLI:[A-Z]{2}:[A-Z0-9]{1,7}:\d{4}:[A-Z0-9.]{1,25}$/),
  },
}

/**
 * Reads the facts that a text names in its front matter: YAML between two lines `---` at its beginning. Returns with them a sentence for each
 * value that can't be used.
 */
export function readFrontMatter(text: string): { facts: NamedFacts; faults: string[] } {
  const facts: NamedFacts = {
    country: null,
    language: null,
    date: null,
    published: null,
    commences: null,
    eli: null,
    ecli: null,
  }
  const inner = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(
    text.slice(0, LONGEST),
  )?.[1]
  if (inner === undefined) return { facts, faults: [] }
  const read = readYaml(inner)
  if ('fault' in read) return { facts, faults: [`the front matter is not used: ${read.fault}`] }
  if (typeof read.value !== 'object' || read.value === null) return { facts, faults: [] }
  const faults: string[] = []
  for (const [key, value] of Object.entries(read.value)) {
    const folded = fold(key)
    const fact = (Object.keys(KEYS) as (keyof NamedFacts)[]).find((name) =>
      KEYS[name].some((each) => fold(each) === folded),
    )
    if (fact === undefined || value === null || facts[fact] !== null) continue
    const { what, read: readValue } = FORMS[fact]
    const found = typeof value === 'string' ? readValue(value.trim()) : null
    if (found === null) faults.push(`${key} of the front matter is not used, because it is not ${what}`)
    else facts[fact] = found
  }
  return { facts, faults }
}

const fold = (key: string) => key.toLowerCase().replace(/[-_: ]/g, '')

const matched = (value: string, form: RegExp) => (value.length <= 500 && form.test(value) ? value : null)

function readDay(value: string): string | null {
  const day = /^(\d{4}-\d{2}-\d{2})(?:T[\d:.]+Z?)?$/.exec(value)?.[1]
  return day !== undefined && isDay(day) ? day : null
}

function readLanguage(value: string): string | null {
  const code = /^([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*$/.exec(value)?.[1]?.toLowerCase()
  return code === undefined ? null : threeLetters(code)
}
