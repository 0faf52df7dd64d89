import { describe, expect, test } from 'vitest'
import { addresses, problemCodes, scanText } from '../scan-fixture.ts'

const statuses = (text: string) =>
  scanText(text).records.flatMap(({ address, status, kind }) =>
    kind === 'unit' || kind === 'excluded' ? [`${address!.slice(4)} ${status ?? 'stands'}`] : [],
  )
const unsafe = (text: string) => problemCodes(text).filter((code) => /[!?]$/.test(code))

const AROUND: [what: string, begin: string, end: string][] = [
  ['del', '<del>', '</del>'],
  ['s', '<s>', '</s>'],
  ['strike', '<STRIKE>', '</STRIKE>'],
  ['a style', '<span style="color: red; text-decoration: underline line-through">', '</span>'],
]

describe('words of HTML that are struck out', () => {
  test.each(AROUND)('by %s take the article out whose heading they are', (_, begin, end) => {
    const struck = `<h2>${begin}Article 2 Dogs${end}</h2><p>${begin}Dogs wait here.${end}</p>`
    const text = `<html><body><h2>Article 1</h2><p>One.</p>${struck}<h2>Article 3</h2><p>Three.</p></body></html>\n`
    expect(statuses(text)).toEqual(['ARTICLE-1 stands', 'ARTICLE-2 repealed', 'ARTICLE-3 stands'])
    expect(unsafe(text)).toEqual([])
  })

  test.each(AROUND)('by %s around the heading and its text do so too', (_, begin, end) => {
    const struck = `${begin}<h2>Article 2</h2><p>Dogs wait here.</p>${end}`
    const text = `<html><body><h2>Article 1</h2><p>One.</p>${struck}<h2>Article 3</h2><p>Three.</p></body></html>\n`
    expect(statuses(text)).toEqual(['ARTICLE-1 stands', 'ARTICLE-2 repealed', 'ARTICLE-3 stands'])
    expect(unsafe(text)).toEqual([])
  })

  test.each(AROUND)('by %s take an article out that is a paragraph', (_, begin, end) => {
    const text = `<!doctype html><p><b>Article 1.</b> One.</p><p>${begin}<b>Article 2.</b> Two.${end}</p><p><b>Article 3.</b> Three.</p>\n`
    expect(statuses(text)).toEqual(['ARTICLE-1 stands', 'ARTICLE-2 repealed', 'ARTICLE-3 stands'])
  })

  test('are no part of a number, and are reported where they stay in a text in force', () => {
    const text =
      '<html><body><h2>Article 1</h2><p>One.</p><h2>Article <del>3</del> <ins>2</ins></h2><p>Two.</p></body></html>\n'
    expect(statuses(text)).toEqual(['ARTICLE-1 stands', 'ARTICLE-2 stands'])
    expect(unsafe(text)).toEqual(['TEXT_STRUCK_OUT?'])
  })

  test('under a heading that stands are reported with unit and line', () => {
    const text =
      '<html><body>\n<h2>Article 1</h2>\n<p>One.</p>\n<p>All <s>dogs</s> cats.</p>\n</body></html>\n'
    const [found] = scanText(text).problems.filter(({ code }) => code === 'TEXT_STRUCK_OUT')
    expect(found).toMatchObject({ line: 4, start: text.indexOf('<s>') })
    expect(found!.message).toContain('DOC/ARTICLE-1')
  })

  test('whose heading alone is struck out are a finding, because the text may stand', () => {
    const text =
      '<html><body><h2>Article 1</h2><p>One.</p><h2><s>Article 2</s></h2><p>Dogs wait at the open gate.</p></body></html>\n'
    expect(statuses(text)).toEqual(['ARTICLE-1 stands', 'ARTICLE-2 repealed'])
    expect(unsafe(text)).toEqual(['TEXT_LEFT_OUT?'])
  })
})

describe('an article of HTML that is repealed by its heading', () => {
  test.each([
    '<p>The master keeps the register, and shows it.</p>',
    '<div><span>The master keeps the register, and shows it.</span></div>',
    '<p>[Note]</p>\n<p>The master keeps the <b>register</b>, and shows it.</p>',
  ])('is a finding where it has text that may stand: %s', (body) => {
    const text = `<html><body><h2>Article 1</h2><p>One.</p><h2>Article 2 (repealed)</h2>${body}<h2>Article 3</h2><p>x</p></body></html>\n`
    expect(statuses(text)).toEqual(['ARTICLE-1 stands', 'ARTICLE-2 repealed', 'ARTICLE-3 stands'])
    expect(unsafe(text)).toEqual(['TEXT_LEFT_OUT?'])
  })
})

describe('words of Markdown that are struck out', () => {
  test.each(['~~Article 2~~', '<del>Article 2</del>', '<s>Article 2</s>', '**~~Article 2~~**'])(
    'take the article out whose heading they are: %s',
    (heading) => {
      const text = `# Law\n\n## Article 1\n\nOne.\n\n## ${heading}\n\n~~Two.~~\n\n## Article 3\n\nThree.\n`
      expect(statuses(text)).toEqual(['ARTICLE-1 stands', 'ARTICLE-2 repealed', 'ARTICLE-3 stands'])
    },
  )

  test.each(['~~Two.~~', 'All ~~dogs~~ cats.', '<del>Two.</del>', '~~Two\nlines.~~'])(
    'are reported in a text in force: %j',
    (body) => {
      const text = `# Law\n\n## Article 1\n\nOne.\n\n## Article 2\n\n${body}\n`
      expect(unsafe(text)).toEqual(['TEXT_STRUCK_OUT?'])
    },
  )

  test.each([
    'A wave ~~ is no line.',
    'From ~5 to ~6.',
    '~~~\ncode\n~~~',
    'In the <section> and the <summary>.',
  ])('are no other signs: %j', (body) => {
    expect(unsafe(`# Law\n\n## Article 1\n\n${body}\n\n## Article 2\n\nTwo.\n`)).toEqual([])
  })
})

describe('the title of a unit of HTML', () => {
  const text =
    '<div>\n<p><strong>Article 1.-</strong> Dogs</p>\n<p>One.</p>\n<p><b>Article 2.-</b> Cats</p>\n<p>Two.</p>\n<p><b>Article 3</b></p><p>Three.</p></div>\n'

  test('has its words and no signs of Markdown', () => {
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3'])
    const titles = scanText(text).records.flatMap(({ heading }) => heading ?? [])
    expect(titles).toEqual(['Article 1.- Dogs', 'Article 2.- Cats', 'Article 3'])
  })
})
