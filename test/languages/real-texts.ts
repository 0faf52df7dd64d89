import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type UdhrText, udhrTexts } from '../support/udhr.ts'

// Real texts with what is counted in them without Cutter's reader: by the markup of the source, or by a search of lines and by reading.

/** A real text and what is true of it. */
export interface RealText {
  name: string
  /** BCP 47. */
  language: string
  /** Null where the text does not lie on this machine. */
  bytes: Buffer | null
  /** The number of units of each level, those that are left out too. */
  units: { [level: string]: number }
  /** The lines (from 1) at which the numbered units begin. */
  begins: (text: string) => number[]
  /** Why the reader has to stop, for a text that nobody can cut as it is. */
  stopsBecause?: string
  /** Whether the source does not say of what kind its units without a number are. */
  isUnnamed?: true
}

/** A text whose headings a search of lines finds. The first level has as many units as lines are found; the others were counted by reading. */
interface Row {
  language: string
  units: { [level: string]: number }
  heading: RegExp
  stopsBecause?: string
}

const shared = join(import.meta.dirname, '../../../shared/documents')

/** Data of other repositories: next to the checkout, or not there. */
const SHARED: { [file: string]: Row } = {
  'vi-constitution-2013.txt': {
    language: 'vi',
    units: { article: 120, preamble: 1 },
    heading: /^Điều \d+\./u,
  },
  // Formula of the beginning, preamble, and an annex of the treaty of unification.
  'de-grundgesetz-a-2010-07.md': {
    language: 'de',
    units: { article: 196, formula: 1, preamble: 1, annex: 1 },
    heading: /^### (?:\(XXXX\) )?Art \d/,
  },
  'de-grundgesetz-b-2012-07.md': {
    language: 'de',
    units: { article: 196, formula: 1, preamble: 1, annex: 1 },
    heading: /^### (?:\(XXXX\) )?Art \d/,
  },
  'en-us-constitution-1787.md': {
    language: 'en-US',
    units: { article: 7, preamble: 1 },
    heading: /^## Article\. [IVX]+\./,
  },
  'fr-constitution-1958-a-2009-03-01.md': {
    language: 'fr',
    units: { article: 112 },
    heading: /^##### Article/,
    stopsBecause: 'articles 88-1 to 88-5 stand twice, the present and the future text',
  },
  'fr-constitution-1958-b-2009-12-01.md': {
    language: 'fr',
    units: { article: 115 },
    heading: /^##### Article/,
    stopsBecause: 'articles 88-1 to 88-6 stand twice, the present and the future text',
  },
}

const ARTICLE = /^ *Article \d/
const SECTION = /^ *Section \d+ ?[–.]/u
const NUMBER = /^ *\d+\. ?\p{Lu}/u

const clauses = (language: string, clause: number, besides: Row['units'] = {}): Row => ({
  language,
  units: { clause, ...besides },
  heading: NUMBER,
})
const creativeCommons: Row = { language: 'en', units: { section: 8, preamble: 1 }, heading: SECTION }
/** A notice before the preamble is text of its own. */
const cecill: Row = { language: 'en', units: { article: 13, text: 1, preamble: 1 }, heading: ARTICLE }

/** Texts of the package `spdx-license-list`, by their ids. */
const LICENCES: { [id: string]: Row } = {
  'CECILL-1.0': { ...cecill, language: 'fr' },
  'CECILL-1.1': cecill,
  'CECILL-2.0': cecill,
  'CECILL-2.1': cecill,
  'CECILL-B': cecill,
  'CECILL-C': cecill,
  'CC-BY-4.0': creativeCommons,
  'CC-BY-SA-4.0': creativeCommons,
  'CC-BY-NC-4.0': creativeCommons,
  'CC-BY-ND-4.0': creativeCommons,
  'CC-BY-SA-2.1-JP': { language: 'ja', units: { article: 9, preamble: 1 }, heading: /^第\d+条/u },
  'CC-BY-3.0-AT': clauses('de-AT', 8, { preamble: 1 }),
  'CC-BY-3.0-DE': { language: 'de', units: { numbered: 8, preamble: 1 }, heading: NUMBER },
  // Who wrote it is text of its own.
  'D-FSL-1.0': {
    language: 'de',
    units: { paragraph: 11, text: 1, preamble: 1, annex: 1 },
    heading: /^§ \d/,
  },
  'LiLiQ-P-1.1': clauses('fr', 11, { preamble: 1 }),
  'LiLiQ-R-1.1': {
    language: 'fr',
    units: { section: 13, preamble: 1 },
    heading: /^\d+(?:\.\d)?\.? \p{Lu}/u,
  },
  'LiLiQ-Rplus-1.1': {
    language: 'fr',
    units: { section: 13, preamble: 1 },
    heading: /^\d+(?:\.\d)?\.? \p{Lu}/u,
  },
  'Apache-2.0': clauses('en', 9, { annex: 1 }),
  'EPL-1.0': clauses('en', 7, { preamble: 1 }),
  'EPL-2.0': clauses('en', 7, { preamble: 1, annex: 1 }),
  'EUPL-1.1': clauses('en', 15, { preamble: 1, annex: 1 }),
  'EUPL-1.2': clauses('en', 15, { preamble: 1, annex: 1 }),
  'AFL-3.0': { ...clauses('en', 16, { preamble: 1 }), heading: /^ ?\d+\) / },
  'OSL-3.0': { ...clauses('en', 16, { preamble: 1 }), heading: /^ ?\d+\) / },
  'CDDL-1.0': clauses('en', 10),
  'NLOD-2.0': clauses('en', 11, { preamble: 1 }),
  'CDLA-Permissive-1.0': { language: 'en', units: { section: 7, preamble: 1 }, heading: SECTION },
  'OLFL-1.3': { language: 'en', units: { paragraph: 10 }, heading: /^§\d+ / },
  'MulanPSL-2.0': {
    ...clauses('zh', 14),
    heading: /^\d\. /,
    stopsBecause: 'a translation with the same numbers follows without a heading',
  },
}

/** Translations of the Universal Declaration, by the codes of the package `udhr`. Their markup says where an article and the preamble are. */
const AS_HTML = ['bul', 'est', 'hin', 'hye', 'isl', 'kat', 'tam', 'zul']
const AS_PLAIN_TEXT = [
  ...[
    'cat',
    'deu_1996',
    'ell_monotonic',
    'fra',
    'hrv',
    'ita',
    'kor',
    'lit',
    'nld',
    'pol',
    'por_PT',
    'ron_2006',
  ],
  ...['rus', 'slk', 'slv', 'spa', 'swe', 'swh', 'tha', 'tur', 'ukr', 'vie'],
]

/** Lists all real texts with their truths. */
export function realTexts(): RealText[] {
  const udhr = new Map(udhrTexts().map((text) => [text.code, text]))
  const translation = (code: string): UdhrText => {
    const text = udhr.get(code)
    if (text === undefined) throw new Error(`the package udhr has no ${code}`)
    return text
  }
  const licences = createRequire(import.meta.url)('spdx-license-list/full.js') as {
    [id: string]: { licenseText: string }
  }
  return [
    ...Object.entries(SHARED).map(([name, row]) => {
      const path = join(shared, name)
      return ofRow(name, row, existsSync(path) ? readFileSync(path) : null)
    }),
    ...Object.entries(LICENCES).map(([id, row]) => ofRow(id, row, Buffer.from(licences[id]!.licenseText))),
    ...AS_HTML.map((code) => asHtml(translation(code))),
    ...AS_PLAIN_TEXT.map((code) => asPlainText(translation(code))),
  ]
}

function ofRow(name: string, { heading, ...row }: Row, bytes: Buffer | null): RealText {
  return { name, ...row, bytes, begins: (text) => linesOf(text, (line) => heading.test(line)) }
}

/** Counts by the markup of the file: its articles, and its header, which has the preamble. */
function unitsOfMarkup({ html }: UdhrText): { [level: string]: number } {
  const article = [...html.matchAll(/<article data-number=/g)].length
  return /<header>[\s\S]*<p>[\s\S]*<\/header>/.test(html) ? { article, preamble: 1 } : { article }
}

function asHtml(text: UdhrText): RealText {
  const begins = (all: string) => linesOf(all, (line) => line.includes('<article data-number='))
  return named(text, 'HTML', Buffer.from(text.html), begins)
}

/** The text of the markup without it. Each heading is searched behind the one before. */
export function asPlainText(text: UdhrText): RealText {
  const begins = (all: string) => {
    let next = 0
    return linesOf(all, (line) => line === text.headings[next]?.normalize('NFC') && ++next > 0)
  }
  return named(text, 'plain text', Buffer.from(text.text), begins)
}

const named = (text: UdhrText, form: string, bytes: Buffer, begins: RealText['begins']): RealText => ({
  name: `udhr ${text.code}, ${form}`,
  language: text.code.replace(/_.*/, ''),
  units: unitsOfMarkup(text),
  isUnnamed: true,
  bytes,
  begins,
})

const linesOf = (text: string, isHeading: (line: string) => boolean) =>
  text
    .normalize('NFC')
    .split('\n')
    .flatMap((line, i) => (isHeading(line) ? [i + 1] : []))
