import { expect, test } from 'vitest'
import { listUnits } from '../../src/document/scan.ts'
import { udhrTexts } from '../support/udhr.ts'
import { scanText } from './scan-fixture.ts'

const texts = udhrTexts()

function articles(text: string): (string | null)[] {
  try {
    return listUnits(scanText(text)).flatMap(({ number }) => number ?? [])
  } catch {
    return []
  }
}

test.each([
  ...[
    'eng',
    'fra',
    'spa',
    'vie',
    'rus',
    'arb',
    'hin',
    'tha',
    'kor',
    'cmn_hans',
    'cmn_hant',
    'hun',
    'fin',
    'lit',
    'tur',
    'ell_monotonic',
    'pol',
  ],
])('scanDocument finds the 30 articles of the Universal Declaration in %s', (code) => {
  const text = texts.find((each) => each.code === code)
  expect(text?.expectedArticles).toBe(30)
  expect(articles(text!.text)).toEqual(Array.from({ length: 30 }, (_, i) => String(i + 1)))
})

test('scanDocument finds all articles of most translations, many by repeated words that no profile knows', () => {
  const complete = texts.filter((text) => {
    const found = articles(text.text)
    return found.length === text.expectedArticles && found.every((number, i) => number === String(i + 1))
  })
  expect(texts.length).toBeGreaterThan(500)
  expect(complete.length).toBeGreaterThanOrEqual(375)
})
