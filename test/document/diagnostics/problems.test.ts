import { describe, expect, test } from 'vitest'
import { listShippedProfiles } from '../../../src/document/profiles/shipped-profiles.ts'
import { scanDocument } from '../../../src/document/scan.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import { problemCodes, scanText, shape } from '../scan-fixture.ts'

function refusal(act: () => unknown): CutterError {
  try {
    act()
  } catch (error) {
    if (error instanceof CutterError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a source that cannot be cut', () => {
  test('scanDocument refuses an empty source', () => {
    expect(refusal(() => scanText(''))).toMatchObject({
      code: 'INPUT_REFUSED',
      message: 'the source of DOC is empty',
      next: 'give the file that holds the text',
    })
  })

  test.each([
    ['a byte-order mark', '\ufeff'],
    ['an end of line', '\n'],
    ['a byte-order mark and spaces', '\ufeff \t\r\n'],
    ['spaces of other scripts', '\u00a0\u3000\u2003\n'],
    ['signs that are not shown', '\u200b\u2060\u00ad\u200e\n'],
  ])('scanDocument refuses a source of %s alone, by each profile', (_, source) => {
    for (const profile of [undefined, ...listShippedProfiles()]) {
      const error = refusal(() => scanDocument(Buffer.from(source), { document: 'DOC', profile }))
      expect(error).toMatchObject({
        code: 'INPUT_REFUSED',
        message: `the source of DOC has no text: ${Buffer.byteLength(source)} bytes of blanks`,
      })
    }
  })

  test('scanDocument cuts a source of one sign that is read', () => {
    expect(scanText('\ufeff本\n', 'spdx').records.map(({ kind }) => kind)).toContain('unit')
  })

  test.each([
    ['a lone continuation byte', [0x80], 0],
    ['an overlong form', [0xc0, 0xaf], 0],
    ['an overlong form of three bytes', [0xe0, 0x80, 0xaf], 0],
    ['a surrogate', [0xed, 0xa0, 0x80], 0],
    ['a sign above U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a sign cut off at the end', [0x61, 0xe2, 0x82], 1],
    ['a broken second byte', [0xf0, 0x9f, 0x41, 0x41], 0],
  ])('scanDocument refuses %s, with offset and line', (_, bytes, at) => {
    const source = Buffer.concat([Buffer.from('Article 1\r\nĐ\r'), Buffer.from(bytes)])
    const error = refusal(() => scanDocument(source, { document: 'DOC' }))
    expect(error).toMatchObject({ code: 'INPUT_REFUSED', data: { offset: 14 + at, line: 3 } })
    expect(error.message).toContain(`byte ${14 + at} on line 3`)
  })

  test.each([
    ['UTF-16', Buffer.from('\ufeffArticle 1\n', 'utf16le')],
    ['WINDOWS-1252', Buffer.from('Article 1\nd\u00e9j\u00e0 vu\n', 'latin1')],
  ])('scanDocument names the command that converts a source from %s', (encoding, source) => {
    const error = refusal(() => scanDocument(source, { document: 'DOC' }))
    expect(error.message).toContain(`it may be ${encoding}`)
    expect(error.next).toContain(`iconv -f ${encoding} -t UTF-8`)
  })

  test('scanDocument refuses a source without a unit, and names the profiles and the flag', () => {
    const error = refusal(() => scanText('Just some prose.\n'))
    expect(error.message).toBe('no unit to cut is found in DOC by any profile')
    expect(error.next).toContain('"## Article 5"')
    expect(error.next).toContain('--profile (markdown, plain, ')
    expect(refusal(() => scanText('Article 1\n', 'markdown')).message).toContain('by profile markdown')
  })

  test('scanDocument refuses an unknown profile and an unusable document id', () => {
    expect(refusal(() => scanText('Article 1\n', 'word')).message).toContain('known are: markdown, plain')
    for (const document of ['', 'a b', 'a/b', 'é', '-a', '.a', 'x'.repeat(65)]) {
      expect(refusal(() => scanDocument(Buffer.from('Article 1\n'), { document })).code).toBe('INPUT_REFUSED')
    }
  })
})

describe('problems of a source', () => {
  test('a regular source has no problems', () => {
    expect(problemCodes('Article 1\na\nArticle 2\nb\n')).toEqual([])
  })

  test.each([
    ['a byte-order mark', '\ufeffArticle 1\n', ['BYTE_ORDER_MARK']],
    [
      'byte-order marks inside',
      '\ufeffArticle 1\n\ufeffArticle 2\na\ufeff\n',
      ['BYTE_ORDER_MARK', 'BYTE_ORDER_MARK_INSIDE?'],
    ],
    ['NUL', 'Article 1\na\0b\n', ['NUL!']],
    ['no final line end', 'Article 1', ['NO_FINAL_NEWLINE']],
    ['decomposed text', 'Article 1\ne\u0301\n', ['MIXED_NORMALISATION']],
    ['CRLF', 'Article 1\r\na\r\n', ['CRLF']],
    ['a lone CR', 'Article 1\ra\r', ['LONE_CR']],
    ['mixed line ends', 'Article 1\r\na\nb\rc\n', ['CRLF', 'MIXED_LINE_ENDS', 'LONE_CR']],
    ['a heading of no known kind', '# Scope\n## Article 1\n## Words\n', ['UNKNOWN_HEADING_LEVEL']],
    ['a decomposed heading', '\u0110i\u00ea\u0300u 1\n', ['MIXED_NORMALISATION']],
    ['a gap', 'Article 1\nArticle 2\nArticle 4\n', ['NUMBER_GAP?']],
    ['a late start', 'Article 2\nArticle 3\n', ['NUMBER_STARTS_LATE']],
    ['a step back', 'Article 1\nArticle 3\nArticle 2\n', ['NUMBER_GAP?', 'NUMBER_OUT_OF_ORDER?']],
    [
      'an inserted article',
      'Article 1\nArticle 1a\nArticle 1b\nArticle 2\nArticle 2-1\nArticle 2-10\nArticle 3\n',
      [],
    ],
    ['a repeated container', '# Title 1\n## Article 1\n# Title 1\n## Article 2\n', ['CONTAINER_REPEATED']],
    ['one article live and repealed', '# Article 1\n# Article 1 (repealed)\n', ['ADDRESS_COLLISION!']],
  ])('the problems of a source with %s are reported by code', (_, text, codes) => {
    // Most of these sources are headings alone.
    expect(problemCodes(text).filter((code) => code !== 'UNIT_EMPTY')).toEqual(codes)
  })

  test.each([
    ['plain text', 'Article 1\na\n\ufeffArticle 2\nb\n'],
    ['Markdown', '## Article 1\na\n\n\ufeff## Article 2\nb\n'],
  ])('a byte-order mark inside of %s hides no heading, and the problem says so', (_, text) => {
    const { records, problems } = scanText(text)
    expect(records.map(({ number }) => number)).toEqual(['1', '2'])
    expect(problems).toMatchObject([
      {
        code: 'BYTE_ORDER_MARK_INSIDE',
        message: expect.stringMatching(/^1 line inside .*behind it is read/),
      },
    ])
    const first = scanText(text, text.startsWith('#') ? 'markdown@1' : 'plain@1')
    expect(first.problems).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/not seen$/) }),
    )
  })

  test('a source without known kinds is reported as KIND_GUESSED', () => {
    expect(problemCodes('# Scope\na\n# Terms\nb\n')).toEqual(['KIND_GUESSED'])
    expect(problemCodes('Airteagal 1\na\nAirteagal 2\nb\nAirteagal 3\nc\n')).toEqual(['KIND_GUESSED'])
    expect(problemCodes('# Scope\n## Article 1\nb\n')).toEqual([])
  })

  test('an address that is too long for the target stops', () => {
    const words = (sign: string) => Array.from({ length: 12 }, (_, i) => `word${sign}${i}`).join(' ')
    const nested = `# ${words('a')}\n# ${words('b')}\n## ${words('c')}\n### Article 1\nx\n`
    expect(scanText(nested, 'markdown-nested').problems).toMatchObject([{ code: 'UNKNOWN_HEADING_LEVEL' }])
    const longer = scanDocument(Buffer.from(nested), { document: 'x'.repeat(64), profile: 'markdown-nested' })
    expect(longer.problems.slice(1)).toMatchObject([{ code: 'ADDRESS_TOO_LONG', line: 4, severity: 'stops' }])
  })

  test('a collision names address, lines and headings of both places', () => {
    expect(scanText('# Article 1\nx\n# Art. I: Again\n').problems).toEqual([
      {
        code: 'ADDRESS_COLLISION',
        message: 'address DOC/ARTICLE-1 stands twice: line 1 ("Article 1") and line 3 ("Art. I: Again")',
        ...{ line: 3, column: 1, start: 14, severity: 'stops' },
      },
    ])
  })

  test('the position of a problem counts lines of every kind and columns in characters', () => {
    expect(scanText('Article 1\r\n\rĐ😀\0\n').problems.find(({ code }) => code === 'NUL')).toMatchObject({
      line: 3,
      column: 3,
      start: 18,
    })
  })

  test('a byte-order mark and front matter are records of their own', () => {
    expect(shape('\ufeff# Article 1\n')).toEqual(['other - -', 'unit DOC/ARTICLE-1 Article 1'])
    expect(shape('\ufeff---\na: 1\n---\nx\n# Article 1\n')).toEqual([
      'other - -',
      'other - -',
      'unit DOC/ARTICLE-1 Article 1',
    ])
  })
})
