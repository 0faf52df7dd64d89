import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scanDocument } from '../../src/document/scan.ts'

// Beginnings of laws in many languages, typed for these tests in the form in which such laws are usually kept. They are shapes and not
// sources: real-texts.test.ts has those. Articles are left out in some, which is a finding.

interface Beginning {
  language: string
  /** The number of records of a level. */
  counts: { [level: string]: number }
  /** Finds each line that counts for the first level. */
  lines: RegExp
}

const BEGINNINGS: { [file: string]: Beginning } = {
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

test.each(Object.entries(BEGINNINGS))('the beginning of %s is read right', (file, { counts, lines }) => {
  const bytes = readFileSync(join(import.meta.dirname, 'laws', file))
  const { records, problems } = scanDocument(bytes, { document: 'DOC' })
  const ofLevel = (level: string) =>
    records.filter((each) => each.kind !== 'other' && each.level === level).length
  expect(Object.fromEntries(Object.keys(counts).map((level) => [level, ofLevel(level)]))).toEqual(counts)
  expect([...bytes.toString().normalize('NFC').matchAll(lines)]).toHaveLength(Object.values(counts)[0]!)
  const codes = problems.filter(({ severity }) => severity !== 'note').map(({ code }) => code)
  expect(codes.filter((code) => code !== 'NUMBER_GAP')).toEqual([])
})
