import { describe, expect, test } from 'vitest'
import { addresses, problemCodes, scanText } from './scan-fixture.ts'

const article = (...headings: string[]) => headings.map((heading) => `${heading}\n\nA text.\n`).join('\n')
const numbers = (text: string, profile?: string) =>
  addresses(text, profile).map((address) => address!.replace(/^DOC\//, ''))
const unsafe = (text: string) => problemCodes(text).filter((code) => /[!?]$/.test(code))

describe('numbers of headings', () => {
  test.each([
    ['superscripts', ['Статья 2.', 'Статья 2¹.', 'Статья 2².'], ['2', '2-1', '2-2']],
    ['raised HTML', ['## Art. 5', '## Art. 5<sup>1</sup>', '## Art. 6'], ['5', '5-1', '6']],
    [
      'Cyrillic letters',
      ['Чл. 12.', 'Чл. 12а.', 'Чл. 12б.', 'Чл. 12в.', 'Чл. 12г.'],
      ['12', '12A', '12B', '12V', '12G'],
    ],
    ['Greek letters', ['Άρθρο 1', 'Άρθρο 1Α', 'Άρθρο 1Β'], ['1', '1A', '1B']],
    ['Hebrew letters', ['סעיף 3', 'סעיף 3א', 'סעיף 4'], ['3', '3A', '4']],
    [
      'a letter behind bold words',
      ['##### **Art. 9** Eins', '##### **Art. 9** a Zwei', '##### **Art. 9** b Drei'],
      ['9', '9A', '9B'],
    ],
    [
      'letters and numbers in turn',
      ['Article 7z', 'Article 7z-1', 'Article 7z-2', 'Article 7z-2a'],
      ['7Z', '7Z-1', '7Z-2', '7Z-2A'],
    ],
    ['a letter behind a hyphen', ['Art. 3-A. Um', 'Art. 3-B. Dois'], ['3A', '3B']],
    [
      'ordinals with letters',
      ['Article 1er', 'Article 1er A', 'Article 2 ter', 'Article 2 ter A'],
      ['1', '1A', '2-TER', '2-TER-A'],
    ],
    ['thousands', ['Art. 999. A', 'Art. 1.000. B', 'Art. 1.001. C'], ['999', '1000', '1001']],
    [
      'lists and ranges',
      ['## Article 1', '## Articles 2, 3 and 4', '## Articles 5–8', '## Articles 9 to 11'],
      ['1', '2_3_4', '5_8', '9_11'],
    ],
    ['numbers in words', ['Article One', 'Article Two', 'ARTICLE TWENTY-FIRST'], ['1', '2', '21']],
    ['brackets', ['## [Article 1] Name', '## [Article 2. Repealed.]', '## (Article 3)'], ['1', '2', '3']],
    [
      'breaks and anchors',
      ['## Article 1<br>Name', '## Article&nbsp;2', '## Article 3\\. Name'],
      ['1', '2', '3'],
    ],
    [
      'signs without a width',
      ['Arti\u00adcle 1', 'Article\u200b 2', '\u200fArticle 3\u200e', '\u2060Article 4', '\ufeffArticle 5'],
      ['1', '2', '3', '4', '5'],
    ],
    [
      'dashes',
      ['ARTICLE 1—NAME', 'ARTICLE 2 – NAME', 'ARTICLE 3‒NAME', 'ARTICLE 4 ― NAME'],
      ['1', '2', '3', '4'],
    ],
    ['underlines', ['Article 1\n---------', 'Article 2\n=========', '## Article 3'], ['1', '2', '3']],
  ])('numbers with %s are read to their end', (_, headings, expected) => {
    expect(numbers(article(...headings))).toEqual(expected.map((number) => `ARTICLE-${number}`))
  })

  test('an additional and a provisional article have numbers of their own', () => {
    expect(numbers(article('MADDE 1- A', 'EK MADDE 1- B', 'GEÇİCİ MADDE 1- C', 'MADDE 2- D'))).toEqual([
      ...['ARTICLE-1', 'ADDITIONAL-ARTICLE-1', 'PROVISIONAL-ARTICLE-1', 'ARTICLE-2'],
    ])
  })

  test('a sign that nobody knows behind a number is a finding', () => {
    expect(unsafe(article('## § 1', '## § 2★', '## § 3'))).toEqual(['NUMBER_UNREAD?'])
  })
})

describe('the reading that explains most of a text', () => {
  test.each([
    [
      'articles as paragraphs below headings of chapters',
      '# 条例\n\n## 第一章 总则\n\n第一条 甲。\n\n第二条 乙。\n\n## 第二章 附则\n\n第三条 丙。\n',
      ['ARTICLE-1', 'ARTICLE-2', 'ARTICLE-3'],
    ],
    [
      'bold articles below underlined chapters',
      'LAW\n===\n\nCHAPTER 1: A\n============\n\n**Art. 1: X**\n\n1. One.\n\n**Art. 2: Y**\n\n1. Two.\n',
      ['ARTICLE-1', 'ARTICLE-2'],
    ],
    [
      'Thai articles as paragraphs',
      'หมวด 1\nทั่วไป\n\nมาตรา 1  สวนเป็นของทุกคน\n\nมาตรา 2  ผู้ดูแลต้องเปิดประตู\n',
      ['ARTICLE-1', 'ARTICLE-2'],
    ],
    [
      'paragraphs of HTML',
      '<!doctype html><p align="center">TÍTULO I</p><p><b>Art. 1º</b> Um.</p><p>Art. 2º A porta.</p>',
      ['ARTICLE-1', 'ARTICLE-2'],
    ],
    [
      'Akoma Ntoso',
      '<akomaNtoso><act><body><article eId="a"><num>Art. 1</num><heading>A</heading><p>x</p></article><article><num>2 bis</num><p>y</p></article></body></act></akomaNtoso>',
      ['ARTICLE-1', 'ARTICLE-2'],
    ],
    [
      'AsciiDoc',
      '= Law\n\n== Chapter 1\n\n=== Article 1\n\nA.\n\n=== Article 2\n\nB.\n',
      ['ARTICLE-1', 'ARTICLE-2'],
    ],
    [
      'an act of numbered headings',
      '# Act\n\n## PART 1 A\n\n##### 1. **Title**\n\nX.\n\n##### 2. **Words**\n\nY.\n',
      ['NO-1', 'NO-2'],
    ],
    [
      'an act with a schedule',
      'PART 1\nDOORS\n\n1 Colour\n\n(1) Blue.\n\n2 Keys\n\nOld.\n\n3 Locks\n\nNew.\n\nSCHEDULE\nSection 1\n\n1 Old doors\n\nGreen.\n',
      ['NO-1', 'NO-2', 'NO-3', 'ANNEX-SCHEDULE/NO-1'],
    ],
    ['rules in a list', 'House rules\n\n1. Be quiet.\n2. Be clean.\n3. Be kind.\n', ['NO-1', 'NO-2', 'NO-3']],
    [
      'rules in paragraphs',
      '# House rules\n\n1. Be quiet.\n\n2. Be clean.\n\n3. Be kind.\n',
      ['NO-1', 'NO-2', 'NO-3'],
    ],
    [
      'a chapter and a section in one heading',
      '1 kap. 1 §\n\nEtt.\n\n1 kap. 2 §\n\nTvå.\n\n2 kap. 1 §\n\nTre.\n',
      ['PARA-1-1', 'PARA-1-2', 'PARA-2-1'],
    ],
    [
      'numbers that restart in each part',
      '## Part I\n\n### Section 1\n\nA.\n\n### Section 2\n\nB.\n\n## Part II\n\n### Section 1\n\nC.\n',
      ['PART-1/SECTION-1', 'PART-1/SECTION-2', 'PART-2/SECTION-1'],
    ],
    [
      'articles without sections among others',
      '## Article I\n\n### Section 1\n\nA.\n\n### Section 2\n\nB.\n\n### Section 3\n\nC.\n\n## Article II\n\nD.\n',
      ['SECTION-1', 'SECTION-2', 'SECTION-3', 'ARTICLE-2'],
    ],
    [
      'a text of two languages',
      'Article 1 / Article premier\n\nA.\n\nArticle 2\nArticle 2\n\nB.\n',
      ['ARTICLE-1', 'ARTICLE-2'],
    ],
    [
      'a quoted article',
      'Section 1\n\nInsert—\n\n“\n\nSection 6A\n\nKeys.\n\n”\n\nSection 2\n\nEnd.\n',
      ['SECTION-1', 'SECTION-2'],
    ],
  ])('%s are found without a named profile', (_, text, expected) => {
    expect(numbers(text)).toEqual(expected)
    expect(unsafe(text)).toEqual([])
  })

  test.each(['धारा', 'Čl.', 'Neni', 'მუხლი', 'Հոդված', 'មាត្រា', 'অনুচ্ছেদ', 'دفعہ', 'Maddə'])(
    'articles called %s are known',
    (word) => {
      expect(numbers(article(`${word} 1`, `${word} 2`))).toEqual(['ARTICLE-1', 'ARTICLE-2'])
    },
  )
})

describe('the tree of a text', () => {
  test('a heading of a chapter deeper than the articles is no text of the article before it', () => {
    const { records } = scanText(
      '# Act\n\n## Titel 1\n\n##### § 1\n\nBlue.\n\n###### Kapitel 2\n\n##### § 2\n\nRed.\n',
    )
    expect(records.map(({ kind, address, parent }) => [kind, address, parent]).slice(1)).toEqual([
      ['container', 'DOC/TITLE-1', null],
      ['unit', 'DOC/PARA-1', 'DOC/TITLE-1'],
      ['container', 'DOC/CHAPTER-2', 'DOC/TITLE-1'],
      ['unit', 'DOC/PARA-2', 'DOC/CHAPTER-2'],
    ])
  })

  test('containers whose numbers restart have addresses of their own', () => {
    const part = (n: number) => `## Part ${n}\n\n### Chapter 1\n\n#### Article ${n}\n\nA text.\n\n`
    const { records } = scanText(part(1) + part(2))
    expect(records.filter(({ kind }) => kind === 'unit').map(({ parent }) => parent)).toEqual([
      ...['DOC/PART-1/CHAPTER-1', 'DOC/PART-2/CHAPTER-1'],
    ])
  })
})

describe('the status of a unit', () => {
  test.each([
    ['## Article 1 [Repealed]', 'repealed'],
    ['## Article 1. Repealed by Act 5 of 2001', 'repealed'],
    ['## Article 1\n\n[Repealed]', 'repealed'],
    ['## ~~Article 1~~\n\nOld text.', 'repealed'],
    ['## Article 1 (omitted)', 'omitted'],
    ['## Article 1 Deleted.', 'omitted'],
    ['## Article 1 (spent)', 'spent'],
    ['## Статья 1. Утратила силу. - Закон от 01.01.2001 N 1', 'repealed'],
    ['## 제1조 삭제 <2008. 2. 29.>', 'repealed'],
    ['## Art. 1. (VETADO)', 'vetoed'],
    ['## Art. 1. (Revogado pela Lei 1)', 'repealed'],
    ['## Article 1 [Reserved]', 'reserved'],
    ['## Article 1 Repealed laws', null],
    ['## Article 1. Deleted items', null],
    ['## Article 1\n\nRepealed laws stay in the archive.', null],
  ])('the status of "%s" is %s', (heading, status) => {
    const record = scanText(`${heading}\n\n## Article 2\n\nLast.\n`).records[0]!
    expect(record.status).toBe(status)
    expect(record.kind).toBe(status === null ? 'unit' : 'excluded')
  })

  test('the reason of an excluded unit has the words that were found', () => {
    expect(scanText('## Article 1. Repealed by Act 5\n\n## Article 2\n\nx\n').records[0]!.reason).toBe(
      'repealed in place: Repealed by Act 5',
    )
  })
})

describe('what a reading may have missed', () => {
  test.each([
    [
      'an article among paragraphs where the others are marked',
      '## Article 1\n\nA.\n\nArticle 2\n\nB.\n\n## Article 3\n\nC.\n',
      'HEADING_SUSPECTED?',
    ],
    [
      'a second article of one number',
      '## Article 1\n\nA.\n\nArticle 2\n\nB.\n\n## Article 2\n\nB.\n',
      'HEADING_SUSPECTED?',
    ],
    [
      'an article in small letters',
      'Article 1\n\nA.\n\narticle 2\n\nB.\n\nArticle 3\n\nC.\n',
      'HEADING_SUSPECTED?',
    ],
    [
      'an article that a sentence continues',
      `Article 1\n\nA.\n\nArticle 2 of ${'all '.repeat(60)}\n\nArticle 3\n\nC.\n`,
      'HEADING_SUSPECTED?',
    ],
    ['a jump of the numbers', 'Article 1\n\nA.\n\nArticle 2\n\nB.\n\nArticle 30\n\nC.\n', 'NUMBERS_MISSING?'],
    [
      'a unit that holds most of the text',
      `${article('Article 1', 'Article 2', 'Article 3', 'Article 4')}\nArticle 5\n\n${'Much more text.\n'.repeat(2_000)}`,
      'UNIT_OUTSIZED?',
    ],
  ])('%s is a finding that lowers the confidence', (_, text, code) => {
    expect(unsafe(text)).toEqual([code])
    expect(scanText(text).confidence).toBeLessThan(0.9)
  })

  test('a reference to another article is no finding', () => {
    const text =
      'Article 1\n\nSee\nArticle 2 of the Act,\nand article 3.\n\nArticle 2\n\nB.\n\nArticle 3\n\nC.\n'
    expect(unsafe(text)).toEqual([])
  })
})
