import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { udhrTexts } from '../support/udhr.ts'

// Real texts with what a person, or a plain search of lines, counts in them. Nothing here uses Cutter's reader.

/** A real text and what is true of it. */
export interface CountedTruth {
  /** BCP 47. */
  language: string
  name: string
  /** Null where the text does not lie on this machine. */
  bytes: Buffer | null
  /** The number of records of a level, as counted. */
  counts: { [level: string]: number }
  /** Counts the first level in the text by a plain search, without the reader. */
  plainly: (text: string) => number
  /** Why the reader has to stop, for a text that nobody can cut as it is. */
  stopsBecause?: string
}

/** A text in a file. `lines` finds each line that counts for the first level. */
type Row = Omit<CountedTruth, 'bytes' | 'name' | 'plainly'> & { lines: RegExp }

const shared = join(import.meta.dirname, '../../../shared/documents')

/** Data of other repositories: next to the checkout, or not there. */
const SHARED: { [file: string]: Row } = {
  'vi-constitution-2013.txt': {
    language: 'vi',
    counts: { article: 120, chapter: 11, preamble: 1 },
    lines: /^Điều \d+\./gmu,
  },
  'de-grundgesetz-a-2010-07.md': {
    language: 'de',
    counts: { article: 196 },
    lines: /^### (?:\(XXXX\) )?Art \d/gm,
  },
  'de-grundgesetz-b-2012-07.md': {
    language: 'de',
    counts: { article: 196 },
    lines: /^### (?:\(XXXX\) )?Art \d/gm,
  },
  'en-us-constitution-1787.md': {
    language: 'en-US',
    counts: { article: 7, preamble: 1 },
    lines: /^## Article\. [IVX]+\./gm,
  },
  'fr-constitution-1958-a-2009-03-01.md': {
    language: 'fr',
    counts: { article: 112 },
    lines: /^##### Article/gm,
    stopsBecause: 'articles 88-1 to 88-5 stand twice, the present and the future text',
  },
  'fr-constitution-1958-b-2009-12-01.md': {
    language: 'fr',
    counts: { article: 115 },
    lines: /^##### Article/gm,
    stopsBecause: 'articles 88-1 to 88-6 stand twice, the present and the future text',
  },
}

/** Beginnings of laws, which are in the public domain, in the form in which they are usually kept. */
const BEGINNINGS: { [file: string]: Row } = {
  'ar-dustur-2014.txt': { language: 'ar', counts: { article: 5, chapter: 2 }, lines: /^مادة \(/gmu },
  'cs-ustava-1992.txt': { language: 'cs', counts: { article: 6, title: 2 }, lines: /^Čl\. \d/gmu },
  'da-grundloven-1953.txt': { language: 'da', counts: { paragraph: 6, chapter: 2 }, lines: /^§ \d/gm },
  'el-syntagma-1975.md': { language: 'el', counts: { article: 5, part: 2 }, lines: /^#### Άρθρο \d/gmu },
  'en-interpretation-act-1978.txt': {
    language: 'en-GB',
    counts: { numbered: 4, annex: 1 },
    lines: /^\d+ [A-Z]/gm,
  },
  'es-constitucion-1978.txt': {
    language: 'es',
    counts: {
      article: 6,
      'additional-provision': 1,
      'repealing-provision': 1,
      'final-provision': 1,
      title: 1,
      chapter: 1,
    },
    lines: /^Artículo \d/gmu,
  },
  'fi-perustuslaki-1999.md': { language: 'fi', counts: { paragraph: 5, chapter: 2 }, lines: /^### \d+ §/gm },
  'he-kvod-haadam-1992.txt': { language: 'he', counts: { numbered: 5 }, lines: /^\d+\. /gm },
  'hu-polgari-2013.txt': { language: 'hu', counts: { paragraph: 4 }, lines: /^\d+\. § /gm },
  'id-uud-1945.txt': { language: 'id', counts: { article: 6, chapter: 3 }, lines: /^Pasal \d/gm },
  'it-costituzione-1947.txt': {
    language: 'it',
    counts: { article: 6, part: 1, title: 1 },
    lines: /^Art\. \d/gm,
  },
  'ja-kenpo-1946.txt': {
    language: 'ja',
    counts: { article: 7, chapter: 3, preamble: 1 },
    lines: /^第[一二三四五六七八九十]+条/gmu,
  },
  'ko-heonbeop-1987.txt': { language: 'ko', counts: { article: 7, chapter: 2 }, lines: /^제\d+조/gmu },
  'nb-grunnlov-1814.md': { language: 'nb', counts: { paragraph: 4 }, lines: /^### § \d/gm },
  'nl-grondwet-1983.md': { language: 'nl', counts: { article: 3, chapter: 1 }, lines: /^#### Artikel \d/gm },
  'pl-konstytucja-1997.txt': { language: 'pl', counts: { article: 7, chapter: 1 }, lines: /^Art\. \d/gm },
  'pt-constituicao-1988.txt': {
    language: 'pt-BR',
    counts: { article: 5, title: 2, chapter: 1 },
    lines: /^Art\. \dº/gmu,
  },
  'ro-constitutia-1991.txt': { language: 'ro', counts: { article: 5, title: 1 }, lines: /^Articolul \d/gm },
  'ru-konstituciya-1993.txt': {
    language: 'ru',
    counts: { article: 4, chapter: 1, section: 1 },
    lines: /^Статья \d/gmu,
  },
  'sv-regeringsformen-1974.txt': {
    language: 'sv',
    counts: { paragraph: 5, chapter: 2 },
    lines: /^\d §$/gm,
  },
  'th-ratthathammanun-2560.txt': {
    language: 'th',
    counts: { article: 5, chapter: 2 },
    lines: /^มาตรา [๐-๙]/gmu,
  },
  'tr-anayasa-1982.txt': { language: 'tr', counts: { article: 4, part: 1 }, lines: /^MADDE \d/gm },
  'uk-konstytutsiia-1996.txt': { language: 'uk', counts: { article: 5, chapter: 1 }, lines: /^Стаття \d/gmu },
  'zh-xianfa-1982.txt': {
    language: 'zh',
    counts: { article: 6, chapter: 1 },
    lines: /^第[一二三四五六七八九十]+条/gmu,
  },
}

/** Complete translations of the Universal Declaration, by the codes of the package `udhr`. */
const AS_HTML = ['bul', 'est', 'hin', 'hye', 'isl', 'kat', 'tam', 'zul']
const AS_PLAIN_TEXT = [
  ...['cat', 'deu_1996', 'fra', 'hrv', 'ita', 'lit', 'nld', 'por_PT'],
  ...['rus', 'slk', 'slv', 'spa', 'swe', 'swh', 'tur', 'vie'],
]

/** Lists all real texts with their truths. */
export function countedTruths(): CountedTruth[] {
  const udhr = new Map(udhrTexts().map((each) => [each.code, each]))
  const counts = { article: 30 }
  const fromUdhr = (code: string) => {
    const text = udhr.get(code)
    if (text === undefined) throw new Error(`the package udhr has no ${code}`)
    return { language: code.replace(/_.*/, ''), counts, text }
  }
  const html = AS_HTML.map(fromUdhr).map(({ text, ...row }): CountedTruth => {
    const bytes = Buffer.from(text.html)
    return { ...row, name: `udhr ${text.code}, HTML`, bytes, plainly: countMatches(/<article data-number=/g) }
  })
  const plain = AS_PLAIN_TEXT.map(fromUdhr).map(({ text, ...row }): CountedTruth => {
    const isHeading = (line: string) => text.headings.includes(line)
    const plainly = (all: string) => all.split('\n').filter(isHeading).length
    return { ...row, name: `udhr ${text.code}, plain text`, bytes: Buffer.from(text.text), plainly }
  })
  const fromFolder = (folder: string, rows: { [file: string]: Row }) =>
    Object.entries(rows).map(([name, { lines, ...row }]): CountedTruth => {
      const path = join(folder, name)
      const bytes = existsSync(path) ? readFileSync(path) : null
      return { ...row, name, bytes, plainly: countMatches(lines) }
    })
  return [
    ...fromFolder(shared, SHARED),
    ...fromFolder(join(import.meta.dirname, 'laws'), BEGINNINGS),
    ...html,
    ...plain,
  ]
}

const countMatches = (pattern: RegExp) => (text: string) =>
  [...text.normalize('NFC').matchAll(pattern)].length
