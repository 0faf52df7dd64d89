import { describe, expect, test } from 'vitest'
import { addresses, problemCodes, scanText } from '../scan-fixture.ts'

const BLOCKS = ['----', '....', '////', '____', '++++', '****', '====', '------', '```']

describe('a delimited block of AsciiDoc', () => {
  test.each(BLOCKS)('has no headings inside of it: %s', (sign) => {
    const text = `= Law\n\n== Article 1\n\nWrite so:\n\n${sign}\n== Article 7\n\nArticle 8\n${sign}\n\n== Article 2\n\nTwo.\n`
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2'])
    expect(problemCodes(text)).toEqual([])
  })

  test('ends at a line of as many signs', () => {
    const text = '= Law\n\n== Article 1\n\n-----\n----\n== Article 7\n-----\n\n== Article 2\n\nTwo.\n'
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2'])
  })

  test('that never ends is a finding', () => {
    const text = '= Law\n\n== Article 1\n\n----\n\n== Article 2\n\nTwo.\n'
    expect(problemCodes(text)).toContain('UNCLOSED_BLOCK?')
  })

  test('differs from the underline of a title, which is as long as it', () => {
    const text =
      'Law\n===\n\nArticle 1\n---------\n\nOne.\n\nArticle 2\n---------\n\nTwo.\n\n== Article 3\n\nThree.\n'
    expect(scanText(text, 'asciidoc').records.flatMap(({ address }) => address ?? [])).toEqual([
      ...['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3'],
    ])
  })

  test('is none in Markdown, where the line is a rule or an underline', () => {
    const text = '# Law\n\n## Article 1\n\n----\n\n## Article 2\n\nTwo.\n\n----\n\n## Article 3\n\nThree.\n'
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3'])
  })
})
