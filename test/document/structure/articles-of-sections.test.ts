import { describe, expect, test } from 'vitest'
import { addresses, problemCodes } from '../scan-fixture.ts'

const unsafe = (text: string) => problemCodes(text).filter((code) => /[!?]$/.test(code))

const BYLAWS: [what: string, text: string][] = [
  [
    'with sentences behind the numbers of sections',
    'ARTICLE I\n\nSection 1. Nine members sit.\n\nSection 2. They meet in May.\n\nARTICLE II\n\nSection 1. The chair is elected.\n\nSection 2. The chair signs.\n',
  ],
  [
    'with titles on lines of their own',
    'ARTICLE I\nName\n\nSection 1\nThe name is the Club.\n\nSection 2\nThe seat is Riga.\n\nARTICLE II\nMembers\n\nSection 1\nMembers pay.\n\nSection 2\nThey vote.\n',
  ],
  [
    'with titles behind dashes',
    'ARTICLE I - BOARD\n\nSection 1. Members pay.\n\nSection 2. Members vote.\n\nARTICLE II - CHAIR\n\nSection 1. Nine members.\n\nSection 2. They meet.\n',
  ],
  [
    'as bold words of Markdown',
    '**ARTICLE I**\n\n**Section 1.** Members pay.\n\n**Section 2.** Members vote.\n\n**ARTICLE II**\n\n**Section 1.** Nine members.\n\n**Section 2.** They meet.\n',
  ],
]

describe('articles that hold sections whose numbers begin again', () => {
  test.each(BYLAWS)('are containers: %s', (_, text) => {
    expect(addresses(text)).toEqual([
      ...['DOC/ARTICLE-1/SECTION-1', 'DOC/ARTICLE-1/SECTION-2'],
      ...['DOC/ARTICLE-2/SECTION-1', 'DOC/ARTICLE-2/SECTION-2'],
    ])
    expect(unsafe(text)).toEqual([])
  })

  test('are units where they have no sections', () => {
    const text =
      'ARTICLE I - NAME\n\nThe name is the Club.\n\nARTICLE II\n\nSection 1. A pays.\n\nSection 2. B pays.\n\nARTICLE III\n\nSection 1. C pays.\n\nARTICLE IV\n\nThe end of it is here.\n'
    expect(addresses(text)).toEqual([
      ...['DOC/ARTICLE-1', 'DOC/ARTICLE-2/SECTION-1', 'DOC/ARTICLE-2/SECTION-2', 'DOC/ARTICLE-3/SECTION-1'],
      'DOC/ARTICLE-4',
    ])
  })

  test('differ from sections that hold articles', () => {
    const text =
      'Chapter 1\n\nSection 1\n\nArticle 1\n\nOne.\n\nArticle 2\n\nTwo.\n\nSection 2\n\nArticle 3\n\nThree.\n\nChapter 2\n\nSection 1\n\nArticle 4\n\nFour.\n'
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3', 'DOC/ARTICLE-4'])
  })

  test('hold none where as many sections hold one article each', () => {
    const text =
      'Chapter 1\n\nSection 1\n\nArticle 1\n\nOne.\n\nSection 2\n\nArticle 2\n\nTwo.\n\nChapter 2\n\nSection 1\n\nArticle 3\n\nThree.\n'
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3'])
  })
})
