import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanDocument } from '../../../src/document/scan.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import { problemCodes, scanText, shape } from '../scan-fixture.ts'

const cut = (html: string) => shape(html, 'html')

describe('readHtml', () => {
  test('HTML is cut at the elements that bear a number, each from its first byte to its last', () => {
    const html =
      '<!doctype html>\n<body>\n<h1>Law</h1>\n<header>\n<h2>Preamble</h2><p>x</p></header>\n<article data-number="1"><h2>One</h2>a</article>\n<article data-number="2a">b</article>\n<p>after</p>\n</body>\n'
    const result = scanText(html)
    expect(result.profile).toBe('html')
    const bytes = Buffer.from(html)
    const texts = result.records.map(({ kind, address, start, end }) => [
      ...[kind, address, bytes.subarray(start, end).toString()],
    ])
    expect(texts).toEqual([
      ['other', null, '<!doctype html>\n<body>\n'],
      ['other', null, '<h1>Law</h1>\n'],
      ['unit', 'DOC/PREAMBLE', '<header>\n<h2>Preamble</h2><p>x</p></header>\n'],
      ['unit', 'DOC/ARTICLE-1', '<article data-number="1"><h2>One</h2>a</article>\n'],
      ['unit', 'DOC/ARTICLE-2A', '<article data-number="2a">b</article>\n'],
      ['other', null, '<p>after</p>\n</body>\n'],
    ])
  })

  test('HTML has a numbered element around others as a container', () => {
    expect(
      cut(
        '<section data-number="1"><h2>S</h2><article data-number="1">a</article> x <article data-number="2">b</article></section>',
      ),
    ).toEqual([
      ...[
        'container DOC/SECTION-1 S',
        'unit DOC/ARTICLE-1 article 1',
        'other - -',
        'unit DOC/ARTICLE-2 article 2',
        'other - -',
      ],
    ])
  })

  test('HTML without numbered elements is cut at its headings, including the tag of a section that begins with one', () => {
    const html =
      '<html><body><h1>Law</h1><section><h2>Chapter I</h2><div class="a"><h3 id="x">Article&nbsp;<em>1</em></h3></div><p>a</p><h3>Article 2</h3>b</section><section><h2>Chapter II</h2><h3>Article 3</h3></section></body></html>'
    expect(cut(html)).toEqual([
      ...['other - -', 'other - Law', 'container DOC/CHAPTER-1 Chapter I'],
      ...['unit DOC/ARTICLE-1 Article 1', 'unit DOC/ARTICLE-2 Article 2'],
      ...['container DOC/CHAPTER-2 Chapter II', 'unit DOC/ARTICLE-3 Article 3'],
    ])
    const { records } = scanText(html)
    expect(records.map(({ parent }) => parent).slice(3)).toEqual([
      ...['DOC/CHAPTER-1', 'DOC/CHAPTER-1', null, 'DOC/CHAPTER-2'],
    ])
    expect(html.slice(records[3]!.start)).toMatch(/^<div class="a"><h3 id="x">/)
  })

  test('HTML has no headings in comments, scripts, styles, titles and attributes', () => {
    const html =
      '<!doctype html><title><h1>Article 9</h1></title><!-- <h1>Article 8</h1> --><script>"<h1>Article 7</h1>"</script><style><h1>Article 6</h1></style><a title="<h1>Article 5</h1>"></a><h2>Article 1</h2>a<h2>Article 2</h2>'
    expect(cut(html).slice(1)).toEqual(['unit DOC/ARTICLE-1 Article 1', 'unit DOC/ARTICLE-2 Article 2'])
  })

  test.each([
    ['comment', '<!doctype html><h1>Article 1</h1><!-- <h1>Article 2</h1>'],
    ['script', '<!doctype html><h1>Article 1</h1><script>x <h1>Article 2</h1>'],
  ])('HTML with a %s that never ends needs to be accepted', (_, html) => {
    expect(problemCodes(html)).toContain('UNCLOSED_BLOCK?')
  })

  test('HTML has byte offsets, behind a byte-order mark and with characters of every length', () => {
    const html =
      '\ufeff<!doctype html>é😀\r\n<article data-number="١">đ</article>\r\n<article data-number="2">😀'
    const { records } = scanText(html)
    const bytes = Buffer.from(html)
    expect(records.map(({ start, end }) => bytes.subarray(start, end).toString())).toEqual([
      ...['\ufeff', '<!doctype html>é😀\r\n', '<article data-number="١">đ</article>\r\n'],
      '<article data-number="2">😀',
    ])
    expect(records.slice(2).map(({ number }) => number)).toEqual(['1', '2'])
  })

  test('Markdown with a tag in front is detected as Markdown', () => {
    expect(scanText('<h1 align="center">x</h1>\n\n# Article 1\n\n# Article 2\n').profile).toBe('markdown')
  })

  const tag = fc.constantFrom(
    ...[
      '<h1>',
      '</h1>',
      '<h2>',
      '</h3>',
      '<article data-number="1">',
      '<article data-number="2">',
      '</article>',
    ],
    ...[
      '<section>',
      '</section>',
      '<div>',
      '</div>',
      '<section data-number="3">',
      '<!--',
      '-->',
      '<script>',
      '</script>',
    ],
    ...[
      '<![CDATA[',
      ']]>',
      '<svg>',
      '<title>',
      '</title>',
      'Article 1',
      'é',
      '😀',
      ' ',
      '\r\n',
      '\0',
      '<',
      '&amp;',
      '"',
      '</',
      '<p',
      '<plaintext>',
    ],
  )

  test('HTML of any tags in any order is completely covered by its records', () => {
    let scans = 0
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 60 }), (tags) => {
        const bytes = Buffer.from(`<!doctype html>${tags.join('')}`)
        try {
          const { records, coverage } = scanDocument(bytes, { document: 'D', profile: 'html' })
          expect(coverage).toEqual({ complete: true, gaps: [], overlaps: [] })
          expect(records.every(({ start, end }) => end > start)).toBe(true)
          scans += 1
        } catch (error) {
          if (!(error instanceof CutterError)) throw error
        }
      }),
      { numRuns: 1500 },
    )
    expect(scans).toBeGreaterThan(300)
  })
})
