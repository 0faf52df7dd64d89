import { describe, expect, test } from 'vitest'
import { addresses, problemCodes, scanText, shape } from '../scan-fixture.ts'

describe('readMarkdown', () => {
  test('Markdown is cut at its articles, with chapters as containers and the title separate', () => {
    const text =
      '# The Law\n\n## Chapter I\n\nGeneral\n\n### Article 1\n\na\n\n### Article 2\n\nb\n\n## Chapter II\n\n### Art 12a\n\nc\n'
    expect(shape(text)).toEqual([
      'other - The Law',
      'container DOC/CHAPTER-1 Chapter I',
      'unit DOC/ARTICLE-1 Article 1',
      'unit DOC/ARTICLE-2 Article 2',
      'container DOC/CHAPTER-2 Chapter II',
      'unit DOC/ARTICLE-12A Art 12a',
    ])
    expect(scanText(text).records.map(({ parent }) => parent)).toEqual([
      ...[null, null, 'DOC/CHAPTER-1', 'DOC/CHAPTER-1', null, 'DOC/CHAPTER-2'],
    ])
  })

  test('Markdown keeps sub-headings and skipped levels inside of the unit', () => {
    expect(addresses('## Title I\n##### Article 1\n###### Note\nx\n##### Article 2\n')).toEqual([
      'DOC/ARTICLE-1',
      'DOC/ARTICLE-2',
    ])
  })

  test('Markdown has chapters at the depth of the articles as containers', () => {
    const text = '## Chapter 1\n## Article 1\n## Article 2\n## Chapter 2\n## Article 3\n'
    expect(shape(text).filter((line) => line.startsWith('container'))).toHaveLength(2)
    expect(scanText(text).records.at(-1)!.parent).toBe('DOC/CHAPTER-2')
  })

  test('Markdown never adds a heading above the articles to the article before it', () => {
    expect(shape('## Eingangsformel\nx\n## I. - Rechte\n### Art 1\na\n## Schluss\nz\n')).toEqual([
      'unit DOC/FORMULA Eingangsformel',
      'container DOC/HEADING-1 I. - Rechte',
      'unit DOC/ARTICLE-1 Art 1',
      'other - Schluss',
    ])
  })

  test('Markdown is cut at an article of unusual depth too', () => {
    expect(addresses('### Article 1\n### Article 2\n## Article 3\n#### Article 4\n')).toHaveLength(4)
  })

  test('Markdown without known kinds is cut at every heading, by number or by words', () => {
    expect(addresses('# Scope\na\n## 1.2 Terms\nb\n# 适用范围\nc\n')).toEqual([
      'DOC/HEADING-SCOPE',
      'DOC/HEADING-1.2',
      expect.stringMatching(/^DOC\/HEADING-H-[0-9A-F]{8}$/),
    ])
  })

  test('Markdown is cut at the name of a kind without a number, by the word', () => {
    expect(addresses('# Title\n')).toEqual(['DOC/HEADING-TITLE'])
    expect(addresses('# Article 1\n# Annex\nx\n')).toEqual(['DOC/ARTICLE-1', 'DOC/ANNEX'])
  })

  test('Markdown has no headings in code fences, comments and front matter', () => {
    const text = [
      ...[
        '---',
        '# Article 91',
        '---',
        '# Article 1',
        '```sh',
        '# Article 92',
        '~~~',
        '````',
        '# Article 2',
        '~~~ a`b',
        '# Article 93',
        '~~~~',
      ],
      ...[
        '<!-- x',
        '# Article 94',
        '-->',
        '    # Article 95',
        '#Article 96',
        '```a`b',
        '# Article 3',
        '<!-- one line -->',
        '# Article 4',
        '',
      ],
    ].join('\n')
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3', 'DOC/ARTICLE-4'])
  })

  test('Markdown with a fence that never ends needs to be accepted', () => {
    expect(problemCodes('# Article 1\n```\n# Article 2\n')).toEqual(['UNCLOSED_BLOCK?', 'HEADING_SUSPECTED?'])
  })

  test('Markdown with a heading that is too long to be read needs to be accepted', () => {
    expect(problemCodes(`# Article 1\n# Article 2 ${'x'.repeat(700)}\n`)).toEqual(['HEADING_TOO_LONG?'])
  })

  test('Markdown headings are read through emphasis, closing signs, anchors and three spaces', () => {
    expect(
      addresses(
        '   ## **Article 1** ##\n## <a id="x"></a>Article 2 {#two}\n## [Article 3](x.md)\n##\tArticle 4\n',
      ),
    ).toEqual([...['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3', 'DOC/ARTICLE-4']])
  })

  test('Markdown articles that are repealed in place are marked and keep their address', () => {
    const live = scanText('# Article 1\n# Article 2\n# Article 3 Title\n').records
    const repealed = scanText(
      '# Article 1\n# Article 2 (Repealed by Act 5)\n# Article 3 [weggefallen]\n',
    ).records
    expect(repealed.map(({ address }) => address)).toEqual(live.map(({ address }) => address))
    expect(repealed.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'unit null',
      'excluded repealed',
      'excluded repealed',
    ])
    expect(repealed[1]!.reason).toBe('repealed in place: Repealed by Act 5')
  })

  test('Markdown has an annex with articles as a container, and one without as a unit', () => {
    expect(shape('## Article 1\n# Annex A\n## Article 2\n# Annex B\ntext\n').slice(1)).toEqual([
      ...[
        'container DOC/ANNEX-A Annex A',
        'unit DOC/ANNEX-A/ARTICLE-2 Article 2',
        'unit DOC/ANNEX-B Annex B',
      ],
    ])
  })
})
