import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toAkn } from '../../../src/document/export/to-akn.ts'
import { listShippedProfiles } from '../../../src/document/profiles/shipped-profiles.ts'
import { listUnits, scanDocument } from '../../../src/document/scan.ts'
import { findXmlRoot } from '../../../src/document/syntax/other-formats.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import { readFileText } from '../../../src/service/documents/read-document-text.ts'

const LAW = 'Article 1\n\nAll wells are open.\n\nArticle 2\n\nNobody closes a well.\n'

const scan = (source: string | Uint8Array, profile?: string) =>
  scanDocument(
    Buffer.from(source as string),
    profile === undefined ? { document: 'DOC' } : { document: 'DOC', profile },
  )

function refusal(source: string | Uint8Array, profile?: string): CutterError {
  try {
    scan(source, profile)
  } catch (error) {
    if (error instanceof CutterError) return error
    throw error
  }
  throw new Error('it was read')
}

const zip = (name: string, content = '') =>
  Buffer.from(`PK\x03\x04\x14\x00\x00\x00${name}${content}`, 'latin1')

/** Files that publishers and offices have, each with the name that the refusal gives it, and a word of what to do. */
const FILES: [what: string, bytes: Uint8Array, name: string, next: string][] = [
  [
    'a PDF with binary parts',
    Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\nArticle 1\n', 'latin1'),
    'a PDF',
    'pdftotext',
  ],
  ['a PDF that is ASCII alone', Buffer.from(`%PDF-1.4\n${LAW}`), 'a PDF', 'pdftotext'],
  ['a PDF behind other bytes', Buffer.from(`\n\n%PDF-1.4\n${LAW}`), 'a PDF', 'pdftotext'],
  ['a DOCX', zip('[Content_Types].xml', '…word/document.xml'), 'a Word document (DOCX)', 'pandoc'],
  [
    'an ODT',
    zip('mimetype', 'application/vnd.oasis.opendocument.text'),
    'an OpenDocument text (ODT)',
    'pandoc',
  ],
  ['an EPUB', zip('mimetype', 'application/epub+zip'), 'an e-book (EPUB)', 'pandoc'],
  ['another archive', zip('law.txt', LAW), 'an archive (ZIP)', 'unpack'],
  ['a compressed text', gzipSync(LAW), 'compressed (gzip)', 'gunzip'],
  ['a DOC', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'a Word document (DOC)', 'save it'],
  ['an RTF', Buffer.from(`{\\rtf1\\ansi ${LAW}}`), 'RTF', 'pandoc'],
  ['a picture', Buffer.from('89504e470d0a1a0a', 'hex'), 'an image', 'publisher'],
]

describe('a file of another format', () => {
  test.each(FILES)('%s is refused by name, and the refusal says what to do', (_, bytes, name, next) => {
    const error = refusal(bytes)
    expect(error.code).toBe('INPUT_REFUSED')
    expect(error.message).toContain(`the source of DOC is `)
    expect(error.message).toContain(name)
    expect(error.next).toContain(next)
  })
})

/** XML of several vocabularies, each with lines that look like a law's. */
const XML: [what: string, source: string, root: string][] = [
  ['an unknown vocabulary', `<?xml version="1.0"?>\n<loi><texte>\n${LAW}</texte></loi>\n`, 'loi'],
  ['one without a declaration', `<gesetz>\n${LAW}</gesetz>\n`, 'gesetz'],
  ['one with a prefix', `<d:law xmlns:d="urn:x">\n${LAW}</d:law>`, 'd:law'],
  [
    'one behind a byte-order mark and comments',
    `\ufeff<?xml version="1.0"?>\n<!-- a\n--><!-- b -->\n<law>\n${LAW}</law>`,
    'law',
  ],
  [
    'one behind a DOCTYPE with declarations',
    `<!DOCTYPE law [ <!ELEMENT a (b)> ]>\n<law>\n${LAW}</law>`,
    'law',
  ],
  ['one behind an instruction', `<?xml-stylesheet href="a.xsl"?>\n<law>\n${LAW}</law>`, 'law'],
  [
    'the format of legislation.gov.uk',
    `<?xml version="1.0"?>\n<Legislation xmlns="http://www.legislation.gov.uk/namespaces/legislation"><Body>\n${LAW}</Body></Legislation>`,
    'Legislation',
  ],
  ['a Formex document', `<?xml version="1.0"?>\n<ACT>\n${LAW}</ACT>`, 'ACT'],
  ['a declaration without a root', `<?xml version="1.0"?>\n${LAW}`, '?'],
]

describe('XML', () => {
  test.each(XML)('%s is never read as lines', (_, source, root) => {
    expect(findXmlRoot(Buffer.from(source))?.name).toBe(root)
    const error = refusal(source)
    expect(error.code).toBe('INPUT_REFUSED')
    expect(error.message).toContain(`XML whose elements (<${root}>`)
    expect(error.next).toContain('Akoma Ntoso')
  })

  test('is read by no profile that reads lines, whichever is named', () => {
    const named = listShippedProfiles().filter((name) => !name.startsWith('html'))
    for (const name of named)
      expect(refusal(XML[0]![1], name).message, name).toContain(`profile ${name} would read`)
    expect(named.length).toBeGreaterThan(8)
  })

  test('names its namespace, which tells what it is', () => {
    expect(refusal(XML[6]![1]).message).toContain(
      '<Legislation> of http://www.legislation.gov.uk/namespaces/legislation',
    )
  })

  test('that was cut as lines by the first rules keeps its reading', () => {
    expect(listUnits(scan(XML[0]![1], 'plain@1'))).toHaveLength(2)
  })

  test.each([
    ['HTML', `<!DOCTYPE html>\n<html><body><h2>Article 1</h2><p>One.</p></body></html>`],
    ['a piece of HTML', `<article data-number="1"><h2>One</h2>\n<p>One.</p></article>`],
    ['Markdown that begins with HTML', `<div align="center">\n\n# Law\n\n</div>\n\n## Article 1\n\nOne.\n`],
    ['Markdown that begins with a link', `<https://example.org/law>\n\n## Article 1\n\nOne.\n`],
    ['Markdown that begins with a comment', `<!-- a licence -->\n\n## Article 1\n\nOne.\n`],
    ['text in angle brackets', `<see below>\n\nArticle 1\n\nOne.\n\nArticle 2\n\nTwo.\n`],
  ])('is not what %s is taken for', (_, source) => {
    expect(findXmlRoot(Buffer.from(source))).toBeNull()
    expect(listUnits(scan(source)).length).toBeGreaterThan(0)
  })

  test('as XHTML and as Akoma Ntoso is read by its elements', () => {
    const xhtml = `<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body><h2>Article 1</h2><p>One.</p></body></html>`
    expect(scan(xhtml).profile).toBe('html')
    const law = readFileText(Buffer.from('## Article 1\n\nOne.\n\n## Article 2\n\nTwo.\n'), {
      document: 'DOC',
    })
    const { xml } = toAkn(law, { country: 'xx', language: 'und', date: null })
    const read = scan(xml)
    expect(read.profile).toBe('html')
    expect(listUnits(read).map(({ number }) => number)).toEqual(['1', '2'])
  })
})

test('any root element around lines of a law is refused or read by its elements', () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,12}$/)
  fc.assert(
    fc.property(
      name,
      fc.option(name),
      fc.constantFrom('', ' a="b"', '\n id="1" '),
      (own, prefix, attributes) => {
        const root = prefix === null ? own : `${prefix}:${own}`
        const source = `<?xml version="1.0"?>\n<${root}${attributes}>\n${LAW}</${root}>\n`
        try {
          expect(scan(source).profile).toMatch(/^html/)
        } catch (error) {
          expect(error).toMatchObject({ code: 'INPUT_REFUSED' })
        }
      },
    ),
  )
})
