import { expect, test } from 'vitest'
import { scanText } from './scan-fixture.ts'

const MEGABYTE = 1024 * 1024

function timed(text: string): { seconds: number; units: number } {
  const start = performance.now()
  const units = scanText(text).records.filter(({ kind }) => kind === 'unit').length
  return { seconds: (performance.now() - start) / 1000, units }
}

// About ten times the slowest case. The tests fail if something is quadratic, not if the machine is busy.
const LIMIT_SECONDS = 20

test.each([
  ['one line', `${'x'.repeat(10 * MEGABYTE)}\nArticle 1\n`],
  ['one line of number signs', `${'#'.repeat(10 * MEGABYTE)}\n# Article 1\n`],
  ['one line of numbers', `${'1.'.repeat(5 * MEGABYTE)}\nArticle 1\n`],
  ['comment openings', `${'<!--'.repeat(2.5 * MEGABYTE)}-->\n# Article 1\n`],
])('scanDocument takes linear time for ten megabytes of %s', (_, text) => {
  const { seconds, units } = timed(text)
  expect(units).toBe(1)
  expect(seconds).toBeLessThan(LIMIT_SECONDS)
})

test.each([
  ['brackets', '('],
  ['angle brackets', '<'],
  ['numbers', '1.'],
  ['stars', '*['],
  ['spaces', ' '],
])('scanDocument takes linear time for headings full of %s', (_, sign) => {
  const { seconds, units } = timed(`# Article ${sign.repeat(500 / sign.length)} x\n`.repeat(5000))
  expect(units).toBe(5000)
  expect(seconds).toBeLessThan(LIMIT_SECONDS)
})

test('scanDocument scans a law of fifty megabytes', () => {
  const text = Array.from(
    { length: 25_000 },
    (_, i) => `Article ${i + 1}\n\n${'Lorem ipsum dolor sit amet,\nconsetetur sadipscing. '.repeat(40)}\n\n`,
  ).join('')
  const { seconds, units } = timed(text)
  expect(text.length).toBeGreaterThan(48 * MEGABYTE)
  expect(units).toBe(25_000)
  expect(seconds).toBeLessThan(LIMIT_SECONDS)
})

test('scanDocument refuses a text with more headings than any law has', () => {
  expect(() => scanText('#\n'.repeat(300_000))).toThrow('more than 200000 headings')
})
