import { describe, expect, test } from 'vitest'
import { scanDocument } from '../../../src/document/scan.ts'

// cspell:disable

const TEXT = 'The water of the valley is shared by those who live there.'

/** A text of these headings, each with a sentence, but for those that begin with ¶. */
const textOf = (...headings: string[]) =>
  headings.map((each) => (each.startsWith('¶') ? `${each.slice(1)}\n` : `${each}\n\n${TEXT}\n`)).join('\n')

const suspects = (text: string) =>
  scanDocument(Buffer.from(text), { document: 'DOC' }).problems.flatMap(({ code, message }) =>
    code === 'HEADING_SUSPECTED' ? [message.slice(1, message.indexOf('" '))] : [],
  )

describe('lines that repeat like headings in the text of units are findings', () => {
  test.for<[string, string, string[]]>([
    [
      'chapters of digits over articles',
      textOf('¶1. Zasady', 'Artykuł pierwszy', '¶2. Port', 'Artykuł drugi', '¶3. Kary', 'Artykuł trzeci'),
      ['2. Port', '3. Kary'],
    ],
    [
      'chapters of ordinals over articles',
      textOf('¶أولا', 'المادة 1', '¶ثانيا', 'المادة 2', '¶ثالثا', 'المادة 3'),
      ['ثانيا', 'ثالثا'],
    ],
    [
      'chapters of ordinals with a title below over articles',
      textOf('¶FIRST\nGeneral', 'Article 1', '¶SECOND\nHarbour', 'Article 2', '¶THIRD\nFees', 'Article 3'),
      ['SECOND', 'THIRD'],
    ],
    [
      'articles with unknown numbers in chapters of digits',
      textOf('¶1. Chapit', 'Atik Premye', '¶2. Chapit', 'Atik Dezyèm', '¶3. Chapit', 'Atik Twazyèm'),
      ['Atik Premye', 'Atik Dezyèm', 'Atik Twazyèm'],
    ],
    [
      'an article whose number stands on the next line',
      textOf('## Article 1', '## Article 2', '## ARTICLE\n3'),
      ['ARTICLE'],
    ],
    [
      'an article in a comment of a piece of HTML',
      '# Law\n\n<p>Article 1</p>\n<p>a</p>\n<!--\n<p>Article 2</p>\n-->\n<p>Article 3</p>\n<p>b</p>\n',
      ['<p>Article 2</p>'],
    ],
    [
      'an article in the middle of a line of HTML',
      '# Law\n\n<p>Article 1</p>\n<p>a</p>\n<p>Article 2</p>\n<p>b</p><p>Article 3</p><p>c</p>\n',
      ['Article 3'],
    ],
  ])('%s', ([, text, expected]) => {
    expect(suspects(text)).toEqual(expected)
  })

  test.for<[string, string]>([
    [
      'titles of rules with other words',
      '1. Guests\n\nNo dogs\n\n2. Swimming\n\nBring towels\n\n3. Fees\n\nPay first\n',
    ],
    ['a list in one article', textOf('Article 1', 'Article 2\n\n1. Water\n2. Land\n3. Air')],
    [
      'lists at the end of articles',
      textOf('Article 1\n\n1. Water\n2. Land', 'Article 2\n\n1. Sea\n2. Air').replaceAll(`\n\n${TEXT}`, ''),
    ],
    ['articles that say a number', '## Article 1\n\nOne.\n\n## Article 2\n\nTwo.\n\n## Article 3\n\nThree\n'],
    [
      'articles of which one says a number',
      '## Article 1\n\nOne.\n\nMore.\n\n## Article 2\n\nTwo.\n\nMore.\n',
    ],
    ['a number in words in one article', textOf('Article 1', 'Article 2\n\nFirst', 'Article 3')],
  ])('%s: no finding', ([, text]) => {
    expect(suspects(text)).toEqual([])
  })
})
