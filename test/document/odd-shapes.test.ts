import { describe, expect, test } from 'vitest'
import { addresses, problemCodes, scanText } from './scan-fixture.ts'

const article = (...headings: string[]) => headings.map((heading) => `${heading}\n\nA text.\n`).join('\n')
const numbers = (text: string, profile?: string) =>
  addresses(text, profile).map((address) => address!.replace(/^DOC\//, ''))
const unsafe = (text: string) => problemCodes(text).filter((code) => /[!?]$/.test(code))

describe('numbers of headings', () => {
  test.each<[string, string[], string[], string?]>([
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
    ['letters behind a stroke', ['1. §', '2. §', '2/A. §', '3. §'], ['1', '2', '2A', '3'], 'PARA'],
    [
      'a raised number behind a point',
      ['1. pants.', '2. pants.', '2.¹ pants.', '3. pants.'],
      ['1', '2', '2-1', '3'],
    ],
    [
      'words behind a hyphen between spaces',
      ['Art. 1', 'Art. 1 - ter', 'Art. 2 - Bis dahin'],
      ['1', '1-TER', '2'],
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
      'unseen signs before the signs of a Markdown heading',
      ['\u200b## Article 1', '\ufeff## Article 2', '\u200f\u00ad## Article 3', '\u2060\u202a## Article 4'],
      ['1', '2', '3', '4'],
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
  ])('numbers with %s are read to their end', (_, headings, expected, code = 'ARTICLE') => {
    expect(numbers(article(...headings))).toEqual(expected.map((number) => `${code}-${number}`))
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
      'titles in headings of their own behind numbers',
      '## Part 1\n\n##### § 1\n\n##### Scope\n\nA text.\n\n##### § 2\n\n#### Words\n\nA text.\n\n##### § 3\n\nA text.\n',
      ['PARA-1', 'PARA-2', 'PARA-3'],
    ],
    [
      'articles of another law that an amendment quotes',
      '##### Article 1. Votes\n\nIt is worded:\n\n##### “Article 12. Right to vote\n\nAll vote.”\n\n##### Article 2. Lists\n\nB.\n',
      ['ARTICLE-1', 'ARTICLE-2'],
    ],
    [
      'numbers whose last digit stood above the line',
      'Статья 67\n\nA.\n\nСтатья 671\n\nB.\n\nСтатья 672\n\nC.\n\nСтатья 68\n\nD.\n',
      ['ARTICLE-67', 'ARTICLE-67-1', 'ARTICLE-67-2', 'ARTICLE-68'],
    ],
    [
      'provisions of several kinds with one number',
      '## Artículo 1\n\nA.\n\n## Artículo 2\n\nB.\n\n## Disposición adicional única\n\nC.\n\n## Disposición derogatoria única\n\nD.\n\n## Disposición final única\n\nE.\n',
      ['ARTICLE-1', 'ARTICLE-2', 'ADDITIONAL-PROVISION-1', 'REPEALING-PROVISION-1', 'FINAL-PROVISION-1'],
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

describe('a list in a text', () => {
  const steps = '1. Get the sources.\n2. Build them.\n3. Run it.\n'
  const prose = 'The program reads a file and prints what it finds, line by line, until the file ends.\n\n'
  test.each([
    ['a readme without headings', `WIDGET\n\n${prose.repeat(4)}${steps}\n${prose.repeat(4)}`],
    [
      'a short licence',
      `Copyright by the authors.\n\n${prose}1. Sources keep this notice.\n\n2. Programs show this notice.\n\n${prose.repeat(5)}`,
    ],
    ['one numbered line', `WIDGET\n\n${prose.repeat(3)}1. Get the sources.\n\n${prose}`],
  ])('%s is not read as rules', (_, text) => {
    expect(() => scanText(text)).toThrow(/no profile fits|no unit to cut/)
  })

  test('a readme with headings is cut at its headings, not at its list', () => {
    const text = `# Widget\n\n${prose}## Install\n\n${steps}\n## Use\n\n${prose.repeat(3)}`
    expect(scanText(text).profile).toBe('markdown')
    expect(numbers(text)).not.toContain('NO-1')
  })

  test.each([
    ['rules of one line', 'House rules\n\n1. Be quiet.\n2. Be clean.\n3. Be kind.\n'],
    ['sections with paragraphs', `ACT\n\n1 Doors\n\n${prose}2 Keys\n\n${prose.repeat(2)}3 Locks\n\n${prose}`],
  ])('%s are read as rules', (_, text) => {
    expect(numbers(text)).toEqual(['NO-1', 'NO-2', 'NO-3'])
  })
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

describe('text of its own', () => {
  const articles = '## Article 1\n\nA.\n\n## Article 2\n\nB.\n'
  test.each([
    ['a preamble below the title', `# Law\n\nWe, the people, adopt this law.\n\n${articles}`, ['PREAMBLE']],
    [
      'a preamble behind front matter and a title',
      `---\ntitle: A law. With a sentence of words.\n---\n# Law\n\nWe, the people, adopt this law.\n\n${articles}`,
      ['PREAMBLE'],
    ],
    [
      'recitals of plain text',
      'DECREE 5\n\nWhereas the doors are old,\n\nWhereas the keys are lost,\n\nArticle 1\n\nA.\n\nArticle 2\n\nB.\n',
      ['PREAMBLE'],
    ],
    ['a preamble with a heading', `## Preamble\n\nWe, the people.\n\n${articles}`, ['PREAMBLE']],
    [
      'a text before a preamble with a heading',
      `Published by the council of the garden.\n\n## Preamble\n\nWe, the people.\n\n${articles}`,
      ['TEXT', 'PREAMBLE'],
    ],
    [
      'text under headings of chapters',
      '# Part 1\n\nA door is open by day.\n\n## Chapter 1 Doors\n\n### Article 1\n\nA.\n\n## Chapter 2\n\nKeys belong to those who live here.\n\n### Article 2\n\nB.\n',
      ['PART-1/TEXT', 'CHAPTER-2/TEXT'],
    ],
    [
      'a chapter without articles',
      `${articles.replaceAll('##', '###')}\n## Chapter 3 Transition\n\nThe old keys count until the end of the year.\n`,
      ['CHAPTER-3/TEXT'],
    ],
    [
      'text under headings of one number',
      '## Part 1\n\nThe first text has five words.\n\n### Article 1\n\nA.\n\n## Part 1\n\nThe second text has five words.\n\n### Article 2\n\nB.\n',
      ['PART-1/TEXT', 'PART-1-2/TEXT'],
    ],
    [
      'provisions and annexes without a number',
      `${articles}\n## Transitional provisions\n\nOld keys.\n\n## Final provisions\n\nAt once.\n\n## Annex\n\nForms.\n`,
      ['TRANSITION', 'FINAL', 'ANNEX'],
    ],
    [
      'text before the articles of a schedule',
      `${articles}\n## Schedule 1\n\nThese rules count for gardens alone.\n\n### Article 1\n\nC.\n`,
      ['ANNEX-1/TEXT'],
    ],
    [
      'paragraphs of HTML around elements with numbers',
      '<html><head><style>p { color: red; margin: 0 auto 0 auto; }</style></head><body><h1>Law</h1><p>We, the people, adopt this law.</p><article data-number="1"><p>A.</p></article><article data-number="2"><p>B.</p></article><p>Signed at noon by all who were there.</p></body></html>',
      ['PREAMBLE', 'TEXT'],
    ],
    [
      'a sentence in Chinese',
      '# 条例\n\n为了保护花园里的门和钥匙，制定本条例。\n\n第一条 甲。\n\n第二条 乙。\n',
      ['PREAMBLE'],
    ],
  ])('%s has units of its own', (_, text, expected) => {
    const found = numbers(text).filter((address) => !/ARTICLE-\d$/.test(address))
    expect(found).toEqual(expected)
    expect(unsafe(text)).toEqual([])
  })

  test.each([
    ['titles', `# Law\n\nOn Doors and Keys\n\n${articles}`],
    ['a title of a chapter', `# Chapter 1\n\nGENERAL PROVISIONS\n\n${articles}`],
    [
      'a table of contents',
      'LAW\n\nChapter One On the doors of the garden and of the house\nChapter Two On the keys of the garden and of the house\nChapter Three On the locks of the garden and of the house\nChapter Four On all that is left over and on nothing else\n\nArticle 1\n\nA.\n\nArticle 2\n\nB.\n',
    ],
    ['front matter', `---\ntitle: We, the people, adopt this law.\n---\n${articles}`],
    ['a comment', `<!-- Made by a program, from the gazette. -->\n\n${articles}`],
  ])('%s makes no unit', (_, text) => {
    expect(numbers(text)).toEqual(['ARTICLE-1', 'ARTICLE-2'])
  })

  test('a unit without a heading begins at its first word and is as long as its text', () => {
    const text = `# Law\n\nOn doors\n\n\nWe, the people, adopt this law.\n\n${articles}`
    const { start, end, heading } = scanText(text).records.find(({ level }) => level === 'preamble')!
    expect([heading, text.slice(start, end)]).toEqual([null, 'We, the people, adopt this law.\n\n'])
  })

  test('the first version of a profile leaves text without a heading outside of units', () => {
    expect(numbers(`# Law\n\nWe, the people, adopt this law.\n\n${articles}`, 'markdown@1')).toEqual([
      ...['ARTICLE-1', 'ARTICLE-2'],
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

describe('containers and annexes', () => {
  test('an act with numbers that begin again in schedules has the schedule in the addresses', () => {
    const act =
      'Door Act\n\nPart 1\nDoors\n\n1. Short title\n\nThis is the Door Act.\n\n2. Meaning\n\nA door.\n\nSchedule 1\nFees\n\n1. Fee for doors\n\nTwo.\n\nSchedule 2\nForms\n\n1. Form of doors\n\nSquare.\n'
    expect(numbers(act)).toEqual(['NO-1', 'NO-2', 'ANNEX-1/NO-1', 'ANNEX-2/NO-1'])
  })

  test.each([
    [
      'AsciiDoc',
      '= Act\n\n== Part 1\n\n=== Section 1\n\nA.\n\n=== Section 2\n\nB.\n\n== Part 2\n\n=== Section 1\n\nC.\n',
    ],
    [
      'HTML',
      '<html><h2>Part 1</h2><p></p>\n<h3>Section 1</h3><p>A.</p>\n<h3>Section 2</h3><p>B.</p>\n<h2>Part 2</h2>\n<h3>Section 1</h3><p>C.</p></html>\n',
    ],
  ])('numbers of %s that begin again have the part in their addresses', (_, text) => {
    expect(numbers(text)).toEqual(['PART-1/SECTION-1', 'PART-1/SECTION-2', 'PART-2/SECTION-1'])
  })

  test('chapters of one number have addresses of their own, and the problem names them', () => {
    const { records, problems } = scanText(
      '# Title 1\n\n## Article 1\n\nA.\n\n# Title 1\n\n## Article 2\n\nB.\n',
    )
    expect(records.map(({ address, parent }) => [address, parent])).toEqual([
      ['DOC/TITLE-1', null],
      ['DOC/ARTICLE-1', 'DOC/TITLE-1'],
      ['DOC/TITLE-1-2', null],
      ['DOC/ARTICLE-2', 'DOC/TITLE-1-2'],
    ])
    expect(problems).toMatchObject([
      { code: 'CONTAINER_REPEATED', message: expect.stringMatching(/the later one is DOC\/TITLE-1-2$/) },
    ])
  })

  test.each(['APPENDIX: How to apply these rules.', 'Annex – Fees', 'Schedule: Fees of the office'])(
    '"%s" is a unit without a number',
    (heading) => {
      const { records } = scanText(
        `Article 1\n\nA text.\n\nArticle 2\n\nA text.\n\n${heading}\n\nA blue door costs two.\n`,
      )
      expect(records.at(-1)).toMatchObject({ kind: 'unit', level: 'annex', heading })
    },
  )

  test('a sentence that begins with the word of an annex is none', () => {
    const text = 'Article 1\n\nA text.\n\nSchedule: to be drawn up by the office.\n\nAnnex - see there\n'
    expect(scanText(text).records).toHaveLength(1)
  })
})

describe('what a reading may have missed', () => {
  test.each<[string, string, ...string[]]>([
    [
      'an article among paragraphs where the others are marked',
      '## Article 1\n\nA.\n\nArticle 2\n\nB.\n\n## Article 3\n\nC.\n',
      'HEADING_SUSPECTED?',
      'NUMBER_GAP?',
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
      'NUMBER_GAP?',
    ],
    [
      'an article that a sentence continues',
      `Article 1\n\nA.\n\nArticle 2 of ${'all '.repeat(60)}\n\nArticle 3\n\nC.\n`,
      'HEADING_SUSPECTED?',
      'NUMBER_GAP?',
    ],
    [
      'a misspelled heading in a gap of the numbers',
      'Kifungu cha 1\n\nA.\n\nKufungu cha 2\n\nB.\n\nKifungu cha 3\n\nC.\n',
      'HEADING_SUSPECTED?',
      'NUMBER_GAP?',
    ],
    [
      'a heading that a scanner misread',
      '## Article 1\n\nA.\n\nArtic1e 2\n\nArticie 2.\n\nB.\n\n## Article 3\n\nC.\n',
      'HEADING_SUSPECTED?',
      'NUMBER_GAP?',
    ],
    [
      'a jump of the numbers',
      'Article 1\n\nA.\n\nArticle 2\n\nB.\n\nArticle 30\n\nC.\n',
      'NUMBER_GAP?',
      'NUMBERS_MISSING?',
    ],
    [
      'a heading of Markdown without its space',
      `${article('## Article 1', '## Article 2')}\n##Article 3\n\nC.\n`,
      'HEADING_SUSPECTED?',
    ],
    [
      'a second series of rules without a heading of its part',
      `The rules\n\n${[3, 1].map((times) => [1, 2, 3, 4].map((n) => `${n}. ${'A door of the house is blue. '.repeat(times)}\n`).join('\n')).join('\n')}`,
      'HEADING_SUSPECTED?',
    ],
    [
      'a number in words that are not known',
      article('Article premier', 'Article deuxième', 'Article troisième', 'Article avant-dernier'),
      'HEADING_SUSPECTED?',
    ],
    ['one missing number', article('Article 1', 'Article 2', 'Article 4'), 'NUMBER_GAP?'],
    [
      'a first number behind text',
      `# Act\n\nWe, the members of the club, agree.\n\n${article('## Article 2', '## Article 3')}`,
      'NUMBER_GAP?',
    ],
    [
      'a last heading that is misspelled',
      article('Kifungu cha 1', 'Kifungu cha 2', 'Kifungu cha 3', 'Kifuungu cha 4'),
      'HEADING_SUSPECTED?',
    ],
    [
      'a rule that may be an item of a list',
      'Laws\n\nOne.\n\n1. A.\n\n2. B.\n\nTwo.\n\n1. C.\n\n2. D.\n\n3. E.\n\nThree.\n\n1. F.\n\n2. G.\n\n3. H.\n\n4. I.\n',
      'HEADING_SUSPECTED?',
    ],
    [
      'a unit that holds most of the text',
      `${article('Article 1', 'Article 2', 'Article 3', 'Article 4')}\nArticle 5\n\n${'Much more text.\n'.repeat(2_000)}`,
      'UNIT_OUTSIZED?',
    ],
  ])('%s is a finding that lowers the confidence', (_, text, ...codes) => {
    expect([...new Set(unsafe(text))]).toEqual(codes)
    expect(scanText(text).confidence).toBeLessThan(0.95)
  })

  test.each([
    ['steps back without the next number', ['Article 6', 'Article 67', 'Article 671', 'Article 7']],
    ['stands in the text twice', ['Article 1', 'Article 11', 'Article 2', 'Article 11']],
    ['is in order', ['Article 1', 'Article 11', 'Article 12']],
  ])('a number that %s is not taken for one above the line', (_, headings) => {
    expect(problemCodes(article(...headings))).not.toContain('NUMBER_RAISED')
  })

  test('a known heading stays where its number stands between those of unknown words', () => {
    const text = article('Paos 1', 'Paos 2', 'Paos 3', 'Paos 4', 'Pasal 5')
    expect(addresses(text)).toEqual([1, 2, 3, 4, 5].map((number) => `DOC/HEADING-${number}`))
    expect(unsafe(text)).toEqual([])
  })

  test('a rule with a list of its own is read as one rule', () => {
    const rules = [1, 2, 3, 4, 5, 6]
      .map((n) => `${n}. Rule.\n\nAs follows:\n\n1. This.\n\n2. That.\n\n`)
      .join('')
    expect(addresses(rules, 'rules').slice(2)).toEqual([3, 4, 5, 6].map((number) => `DOC/NO-${number}`))
  })

  test('a text that begins at a later number, with no text before it, only notes it', () => {
    expect(problemCodes(article('Article 191', 'Article 192'))).toEqual(['NUMBER_STARTS_LATE'])
  })

  test('a heading inside of code that continues the numbers is a finding', () => {
    const text = `${article('## Article 1', '## Article 2')}\n\`\`\`\n## Article 3\n\`\`\`\n`
    expect(unsafe(text)).toEqual(['HEADING_SUSPECTED?'])
  })

  test('a number that is taken for one above the line is a note', () => {
    const text = article('Article 67', 'Article 671', 'Article 68')
    expect(problemCodes(text)).toContain('NUMBER_RAISED')
  })

  test('a heading without a text behind an empty unit is no title of it', () => {
    const { records } = scanText('## § 1\n\n## Words\n\n## § 2\n\nA text.\n')
    expect(records[1]).toMatchObject({ heading: 'Words' })
  })

  test('words with a missing number that are another word are no finding', () => {
    const text = article('Article 1', 'Article 3').replace('A text.', 'Annex 2\n\nTable 2')
    expect(unsafe(text)).toEqual(['NUMBER_GAP?'])
  })

  test('a reference to another article is no finding', () => {
    const text =
      'Article 1\n\nSee\nArticle 2 of the Act,\nand article 3.\n\nArticle 2\n\nB.\n\nArticle 3\n\nC.\n'
    expect(unsafe(text)).toEqual([])
  })
})
