import { describe, expect, test } from 'vitest'
import { addresses, problemCodes, scanText } from '../scan-fixture.ts'

const unsafe = (text: string) => problemCodes(text).filter((code) => /[!?]$/.test(code))
const TITLES = ['Opening', 'Dogs that wait', 'Fees of 2020']
const LAW = TITLES.map(
  (title, i) => `Article ${i + 1} ${title}\n\nNobody closes the harbour at night.\n`,
).join('\n')
const ARTICLES = ['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3']

const CONTENTS: [what: string, contents: string][] = [
  ['with dots and pages', TITLES.map((title, i) => `Article ${i + 1} ${title} ........ ${i + 2}`).join('\n')],
  ['with tabs and pages', TITLES.map((title, i) => `Article ${i + 1} ${title}\t${i + 2}`).join('\n')],
  ['without pages', TITLES.map((title, i) => `Article ${i + 1} ${title}`).join('\n')],
  ['with blank lines', TITLES.map((title, i) => `Article ${i + 1} ${title}`).join('\n\n')],
  ['in capitals', TITLES.map((title, i) => `ARTICLE ${i + 1} ${title.toUpperCase()}`).join('\n')],
]

describe('a table of contents', () => {
  test.each(CONTENTS)('%s has no units, because its lines stand again as headings', (_, contents) => {
    const text = `HARBOUR ACT\n\nContents\n\n${contents}\n\n${LAW}`
    expect(addresses(text)).toEqual(ARTICLES)
    expect(unsafe(text)).toEqual([])
    expect(scanText(text).records[0]!.kind).toBe('other')
  })

  test('names chapters too', () => {
    const contents = 'CHAPTER I Port\nArticle 1 Opening\nCHAPTER II Money\nArticle 2 Fees\n'
    const text = `ACT\n\n${contents}\nCHAPTER I Port\n\nArticle 1 Opening\n\nIt is open.\n\nCHAPTER II Money\n\nArticle 2 Fees\n\nThey are paid.\n`
    expect(scanText(text).records.map(({ kind, address }) => `${kind} ${address ?? '-'}`)).toEqual([
      ...['other -', 'container DOC/CHAPTER-1', 'unit DOC/ARTICLE-1', 'container DOC/CHAPTER-2'],
      'unit DOC/ARTICLE-2',
    ])
  })

  test('has the titles that stand on the lines below the headings', () => {
    const text =
      'Article 1 Opening\nArticle 2 Fees\n\nArticle 1\nOpening\n\nIt is open.\n\nArticle 2\nFees\n\nThey are paid.\n'
    expect(addresses(text)).toEqual(ARTICLES.slice(0, 2))
  })

  test('of links in HTML is no suspect', () => {
    const text =
      '<html><body><ul><li><a href="#a">Article 1</a></li><li><a href="#b">Article 2</a></li></ul><h2 id="a">Article 1</h2><p>One.</p><h2 id="b">Article 2</h2><p>Two.</p></body></html>\n'
    expect(addresses(text)).toEqual(ARTICLES.slice(0, 2))
    expect(unsafe(text)).toEqual([])
  })

  test('whose words differ from the headings is none: the addresses collide', () => {
    const text = `Article 1 Closing\nArticle 2 Dogs that wait\nArticle 3 Fees of 2020\n\n${LAW}`
    expect(unsafe(text)).toContain('ADDRESS_COLLISION!')
  })

  test('with an article that does not stand again is none', () => {
    const text = `Article 1 Opening\nArticle 2 Dogs that wait\nArticle 3 Fees of 2020\nArticle 4 Cats\n\n${LAW}`
    expect(unsafe(text)).toContain('ADDRESS_COLLISION!')
  })

  test('with text between its lines is none', () => {
    const text = `Article 1 Opening\n\nThe old harbour is closed by the council.\n\nArticle 2 Dogs that wait\n\nArticle 3 Fees of 2020\n\n${LAW}`
    expect(unsafe(text)).toContain('ADDRESS_COLLISION!')
  })
})
