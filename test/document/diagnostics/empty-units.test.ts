// cspell:disable
import { describe, expect, test } from 'vitest'
import { scanText } from '../scan-fixture.ts'

const found = (text: string) =>
  scanText(text)
    .problems.filter(({ code }) => code === 'UNIT_EMPTY' || code === 'UNIT_TITLE_ALONE')
    .map(({ code, line, message }) => `${code} ${line} ${message.split(' ')[0]}`)

describe('a unit without any text', () => {
  test.each([
    ['in Hungarian', '1. § A kapu zárva van.\n\n2. §\n\n3. § A vége ez itt.\n', ['UNIT_EMPTY 3 DOC/PARA-2']],
    [
      'in English',
      'Article 1\n\nDoors shut.\n\nArticle 2\nArticle 3\n\nEnd.\n',
      ['UNIT_EMPTY 5 DOC/ARTICLE-2'],
    ],
    ['in German', '§ 1\n\nTüren zu.\n\n§ 2\n\n§ 3\n\nEnde.\n', ['UNIT_EMPTY 5 DOC/PARA-2']],
    ['in Russian', 'Статья 1\n\nДвери.\n\nСтатья 2\n\nСтатья 3\n\nКонец.\n', ['UNIT_EMPTY 5 DOC/ARTICLE-2']],
    ['in Chinese', '第一条 门要关。\n\n第二条\n\n第三条 完。\n', ['UNIT_EMPTY 3 DOC/ARTICLE-2']],
    ['in Swedish', '1 §\n\nDörrar.\n\n2 §\n\n3 §\n\nSlut.\n', ['UNIT_EMPTY 5 DOC/PARA-2']],
    ['at the end', 'Article 1\n\nDoors shut.\n\nArticle 2\n', ['UNIT_EMPTY 5 DOC/ARTICLE-2']],
    [
      'that has signs alone',
      'Article 1\n\nDoors.\n\nArticle 2\n\n* * *\n\nArticle 3\n\nEnd.\n',
      ['UNIT_EMPTY 5 DOC/ARTICLE-2'],
    ],
    [
      'that has the number of a page',
      '§ 1\n\nDoors.\n\n§ 2\n\n17\n\n§ 3\n\nEnd.\n',
      ['UNIT_EMPTY 5 DOC/PARA-2'],
    ],
    [
      'in Markdown',
      '# Law\n\n## Article 1\n\nDoors.\n\n## Article 2\n\n## Article 3\n\nEnd.\n',
      ['UNIT_EMPTY 7 DOC/ARTICLE-2'],
    ],
    [
      'in AsciiDoc',
      '= Law\n\n== Article 1\n\nDoors.\n\n== Article 2\n\n== Article 3\n\nEnd.\n',
      ['UNIT_EMPTY 7 DOC/ARTICLE-2'],
    ],
    [
      'in HTML',
      '<html><body><h2>Article 1</h2><p>Doors.</p><h2>Article 2</h2><p>&nbsp;</p>\n<h2>Article 3</h2><p>End.</p></body></html>\n',
      ['UNIT_EMPTY 1 DOC/ARTICLE-2'],
    ],
    [
      'in an element with its number',
      '<html><body><article data-number="1"><p>Doors.</p></article>\n<article data-number="2"></article></body></html>\n',
      ['UNIT_EMPTY 2 DOC/ARTICLE-2'],
    ],
    [
      'that has a title',
      '## Article 1 Doors\n\nShut.\n\n## Article 2 Keys\n\n## Article 3 End\n\nEnd.\n',
      ['UNIT_TITLE_ALONE 5 DOC/ARTICLE-2'],
    ],
    ['as all others', 'Article 1\nArticle 2\nArticle 3\n', ['UNIT_EMPTY 1 none']],
  ])('%s is reported', (_, text, expected) => {
    expect(found(text)).toEqual(expected)
  })

  test.each([
    ['is repealed', 'Article 1\n\nDoors.\n\nArticle 2 (repealed)\n\nArticle 3\n\nEnd.\n'],
    [
      'has its status behind its heading',
      'Article 1\n\nDoors.\n\nArticle 2\n\n(Repealed)\n\nArticle 3\n\nEnd.\n',
    ],
    [
      'is the beginning of a paragraph',
      'Article 1. Doors are shut.\n\nArticle 2. Keys.\n\nArticle 3. End.\n',
    ],
    [
      'has its text in its title, as the others',
      '## Rule 1 Shut doors\n\n## Rule 2 Keep keys\n\n## Rule 3 End\n',
    ],
    ['is a table of numbers', 'Article 1\n\nDoors.\n\nAnnex 1\n\n| 1 | 2 |\n'],
    [
      'holds sections',
      '## Article 1\n\n### Section 1\n\nDoors.\n\n### Section 2\n\nKeys.\n\n## Article 2\n\n### Section 1\n\nEnd.\n',
    ],
  ])('is not reported where it %s', (_, text) => {
    expect(found(text)).toEqual([])
  })
})
