import { expect, test } from 'vitest'
import { listShippedProfiles } from '../../src/document/profiles/shipped-profiles.ts'
import { type Scan, scanDocument } from '../../src/document/scan.ts'
import { CutterError } from '../../src/domain/errors.ts'

// Time grows linearly with the text. A text that is four times as long takes about four times as long; sixteen times would be
// quadratic. The test measures CPU time, the least of several tries, so that a busy machine makes no difference.

const MEGABYTE = 1024 * 1024
const STEP = 4
const QUADRATIC = 10

function scanned(text: string, profile: string | undefined): Scan | null {
  try {
    return scanDocument(Buffer.from(text), { document: 'D', profile })
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}

function cpuSeconds(task: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 2; i++) {
    const begun = process.cpuUsage()
    task()
    const { user, system } = process.cpuUsage(begun)
    least = Math.min(least, (user + system) / 1e6)
  }
  return least
}

function expectLinear(made: (times: number) => string, profile: string | undefined, times: number): void {
  const [small, large] = [made(times), made(times * STEP)]
  scanned(small, profile)
  const ratio =
    cpuSeconds(() => scanned(large, profile)) /
    Math.max(
      0.01,
      cpuSeconds(() => scanned(small, profile)),
    )
  expect(ratio).toBeLessThan(QUADRATIC)
}

const count = (times: number, part: (i: number) => string) =>
  Array.from({ length: times }, (_, i) => part(i)).join('')

const texts: [name: string, made: (times: number) => string, times: number, profiles: string[]][] = [
  ['articles without a text', (n) => count(n, (i) => `# Article ${i + 1}\n`), 1_000, ['markdown-nested']],
  ['the same article again and again', (n) => count(n, () => 'Article 1\n\nx\n'), 1_000, ['plain']],
  ['numbers that restart', (n) => count(n, (i) => `${(i % 3) + 1}. Title\n\n`), 1_000, ['spdx', 'dieu']],
  ['tables of contents', (n) => count(n, (i) => `${(i % 4) + 1} Title\n`), 1_000, ['numbered']],
  ['nested numbers', (n) => count(n, (i) => `${'1.'.repeat(i % 16)}1 Title\n\n`), 1_000, ['numbered']],
  ['points and paragraphs', (n) => `Điều 1.\n${count(n, (i) => `${i + 1}. x\na) y\nb) z\n`)}`, 500, ['dieu']],
  ['decomposed headings', (n) => count(n, (i) => `# Article ${i + 1} e\u0301\n`), 1_000, ['markdown']],
  ['open elements', (n) => `<!doctype html>${'<div>'.repeat(n)}<h1>Article 1</h1>x`, 2_500, ['html']],
  [
    'elements that end and were never opened',
    (n) => `<!doctype html>${'<div>'.repeat(n)}${'</section>'.repeat(n)}`,
    2_500,
    ['html'],
  ],
  [
    'numbered elements in each other',
    (n) => `<!doctype html>${count(n, (i) => `<article data-number="${i + 1}">`)}`,
    1_000,
    ['html'],
  ],
  [
    'headings in open elements',
    (n) => `<!doctype html>${count(n, (i) => `<div><section><h2>Article ${i + 1}</h2>x`)}`,
    1_000,
    ['html'],
  ],
  ['emphasis', (n) => count(n, () => '**Section\n'), 2_500, ['markdown-sections']],
  ['footnotes and tables', (n) => count(n, (i) => `[^${i}]: x\n| 1. y |\n`), 2_500, ['markdown-sections']],
]

test.each(texts)(
  'scanDocument takes linear time for %s, by detection and by profiles for such texts',
  (_, made, times, profiles) => {
    for (const profile of [undefined, ...profiles]) expectLinear(made, profile, times)
  },
)

test.each(listShippedProfiles())('profile %s scans ten megabytes in one line within seconds', (profile) => {
  for (const sign of ['x', '1.', '# ', '<a ', '**', ' ', 'é']) {
    const text = `Article 1\n# Article 2\n${sign.repeat((10 * MEGABYTE) / sign.length)}`
    const begun = process.cpuUsage()
    scanned(text, profile)
    const { user, system } = process.cpuUsage(begun)
    expect((user + system) / 1e6).toBeLessThan(15)
  }
})

test('scanDocument finds each of 100,000 units once', () => {
  const found = scanned(
    count(100_000, (i) => `# Article ${i + 1}\n\nText.\n\n`),
    undefined,
  )!
  expect(found.records).toHaveLength(100_000)
  expect(found.problems).toEqual([])
})
