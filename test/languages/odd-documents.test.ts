import { afterAll, beforeAll, expect, test } from 'vitest'
import type { App } from '../../src/app/open-app.ts'
import { clean } from '../targets/embedded/embedded-homes.ts'
import {
  anApp,
  aSource,
  expectClosedWithoutATrace,
  expectCompleteCoverage,
  start,
  throughBothGates,
} from './dry-run-fixture.ts'

// Documents as people really keep them, each in a complete dry run. `verified` means that the database returned the file byte for
// byte.

let app: App

beforeAll(async () => {
  app = await anApp('caps: { units: 2000 }')
})

afterAll(async () => {
  await app?.close()
  expect(await clean()).toEqual([])
})

const statute = ['I', 'II']
  .map((part) => `## Part ${part}\n\n### Section 1. Name\nx\n\n### Section 2. Fees\ny\n\n`)
  .join('')

const many = Array.from({ length: 2_000 }, (_, i) => `## Article ${i + 1}\n\nText ${i}.\n\n`).join('')

test.each([
  ['a readme', '# Widget\n\nSmall.\n\n## Install\n\n```sh\n# now\nnpm i\n```\n\n## Licence\nMIT\n', 3],
  ['Windows line ends, a byte-order mark and no last line end', '\ufeffArticle 1\r\na\r\nArticle 2\r\nb', 2],
  ['lone carriage returns', 'Article 1\ra\rArticle 2\rb\r', 2],
  ['inserted articles', '# Article 1\na\n# Article 1a\nb\n# Article 1bis\nc\n# Article II\nd\n', 4],
  ['Chinese articles', '总则\n第一条　为了测试，制定本法。\n第二条　本法适用于测试。\n', 2],
  ['Arabic articles', 'المادة ١\nنص\n\nالمادة ٢\nنص\n', 2],
  ['an article without a text', '## Article 1\n\n## Article 2\nx\n## Article 3', 3],
  ['a heading and nothing else', '# Title', 1],
  ['one article of 4 MB', `# Article 1\n${'Lorem ipsum dolor sit amet.\n'.repeat(150_000)}`, 1],
  ['2,000 articles', many, 2_000],
])('a dry run of %s cuts it and reassembles it byte for byte', async (name, text, units) => {
  const document = name.replace(/[^A-Za-z0-9]+/g, '-')
  const bytes = Buffer.from(text)
  const run = await throughBothGates(app, document, aSource(app, document, bytes))
  expectClosedWithoutATrace(run)
  expect(run.output).toMatchObject({
    units,
    enacted: units,
    verified: true,
    plan: { governanceRows: 13 + 2 * units },
  })
  await expectCompleteCoverage(app, run, bytes)
})

test.each([
  ['dieu', 'Điều 28.\nLời dẫn.\n\nMục 3. Đoạn\n1. Một.\na) điểm\nĐiều 29. (bãi bỏ)\n1. Hai.\n', 4],
  [
    'html',
    '<!doctype html>\n<article data-number="1">a</article> x\n<article data-number="2">b</article>\n',
    2,
  ],
  ['numbered', 'Report\n\n1 Scope\n\nx\n\n1.1 Terms\n\ny\n\nAnnex A\n\nA.1 More\n\nz\n', 4],
  ['constitution', '## KT-A Khung\na\n## NT-1 (dự thảo)\nb\n## Điều 28\nc\n', 2],
  ['spdx', 'A licence\n\nYou may.\n', 1],
])('a dry run by profile %s cuts the text and reassembles it byte for byte', async (profile, text, units) => {
  const bytes = Buffer.from(text)
  const document = `D-${profile}`
  const run = await throughBothGates(app, document, aSource(app, document, bytes), profile)
  expectClosedWithoutATrace(run)
  expect(run.output).toMatchObject({ units, enacted: units, verified: true, profile })
  await expectCompleteCoverage(app, run, bytes)
})

test('a run reads sections that restart in each part by itself, and stops where a profile is named that can’t', async () => {
  const source = aSource(app, 'statute.md', Buffer.from(statute))
  const stopped = await start(app, 'STATUTE', source, 'markdown')
  expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_REFUSED_INPUT' })
  const profile = /--profile (\S+)/.exec(stopped.stop!.next!)![1]!
  expect(profile).toBe('markdown-nested')
  for (const given of [profile, undefined]) {
    const run = await throughBothGates(app, 'STATUTE', source, given)
    expectClosedWithoutATrace(run)
    expect(run.output).toMatchObject({ units: 4, profile: 'markdown-nested' })
  }
})

test('a run counts the problems that do not stop it, and reports the first one', async () => {
  const source = aSource(app, 'late.txt', Buffer.from('Article 3\na\nArticle 4\nb\n'))
  expect((await start(app, 'LATE', source)).output).toMatchObject({
    notes: 1,
    firstNote: 'line 1: numbers 1 to 2 are missing: the first is "Article 3"',
  })
})

test('a run stops at one unit over the cap, and says how to raise the cap', async () => {
  const source = aSource(app, 'over.md', Buffer.from(`${many}## Article 2001\nx\n`))
  expect(await start(app, 'OVER', source)).toMatchObject({
    stopCode: 'STOP_CAP_UNITS',
    stop: {
      message: expect.stringContaining('2001 units, the cap is 2000'),
      next: expect.stringContaining('caps.units'),
    },
  })
})
