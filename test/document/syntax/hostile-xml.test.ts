import { describe, expect, test } from 'vitest'
import { checkAkn } from '../../../src/document/export/check-akn.ts'
import { formatDocument } from '../../../src/document/export/format-document.ts'
import { scanDocument } from '../../../src/document/scan.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import { readFileText } from '../../../src/service/documents/read-document-text.ts'
import { aknAct, aknArticle } from '../../support/akoma-ntoso.ts'

const ACT = aknAct([aknArticle('1', 'Text.'), aknArticle('2', 'Text.')])
const withType = (type: string, before = '<?xml version="1.0"?>\n') =>
  ACT.replace(/^<\?xml.*\n/, `${before}${type}\n`)

function refusal(source: string, profile?: string): CutterError | null {
  try {
    scanDocument(Buffer.from(source), { document: 'DOC', ...(profile === undefined ? {} : { profile }) })
    return null
  } catch (error) {
    if (error instanceof CutterError) return error
    throw error
  }
}

const LAUGHS = 'b c d e f g h i j'
  .split(' ')
  .map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghi'[i]};`.repeat(10)}">`)
  .join('\n')

describe('XML that declares entities', () => {
  test.each([
    ['a bomb of entities', withType(`<!DOCTYPE akomaNtoso [<!ENTITY a "ha">\n${LAUGHS}]>`)],
    ['an external entity', withType('<!DOCTYPE akomaNtoso [<!ENTITY a SYSTEM "file:///etc/passwd">]>')],
    [
      'a parameter entity',
      withType('<!DOCTYPE akomaNtoso [<!ENTITY % a SYSTEM "http://127.0.0.1/a.dtd"> %a;]>'),
    ],
    [
      'one behind a comment that ends the subset',
      withType('<!DOCTYPE akomaNtoso [<!-- ]> --><!ENTITY a "b">]>'),
    ],
    ['one behind an element', withType('<!DOCTYPE akomaNtoso [<!ELEMENT a (b)>\n<!ENTITY a "]>">]>')],
    ['one without a declaration of XML', withType('<!doctype akomaNtoso [<!entity a "b">]>', '')],
    [
      'one behind a byte-order mark and comments',
      `\ufeff${withType('<!DOCTYPE a [<!ENTITY a "b">]>', '<!-- <a> --><?x y?>')}`,
    ],
    ['a page', '<!DOCTYPE html [<!ENTITY a "b">]><html><body><h2>Article 1</h2>&a;</body></html>'],
  ])('is refused by name: %s', (_, source) => {
    for (const error of [refusal(source), refusal(source, 'html'), refusal(source, 'plain')]) {
      expect(error).toMatchObject({ code: 'INPUT_REFUSED' })
      expect(error!.message).toContain('XML that declares entities')
      expect(error!.next).toContain('xmllint --noent --nonet')
    }
  })

  test.each([
    ['a document type without entities', withType('<!DOCTYPE akomaNtoso [<!ELEMENT a (b)>]>')],
    [
      'an external document type, which is not loaded',
      withType('<!DOCTYPE akomaNtoso SYSTEM "http://127.0.0.1/a.dtd">'),
    ],
    ['entities in a comment', withType('<!-- <!DOCTYPE a [<!ENTITY a "b">]> -->')],
    [
      'words of a text',
      ACT.replace('Text.', 'A law on &lt;!ENTITY&gt; and <![CDATA[<!DOCTYPE a [<!ENTITY b "c">]>]]>.'),
    ],
  ])('is none of these: %s', (_, source) => expect(refusal(source)).toBeNull())
})

describe('XML of odd shapes', () => {
  test('an attribute that is longer than any law needs is refused by name', () => {
    const error = refusal(ACT.replace('<article ', `<article style="${'a'.repeat(70_000)}" `))
    expect(error).toMatchObject({ code: 'INPUT_REFUSED' })
    expect(error!.message).toContain('an attribute of 70005 characters, in <article>')
    // Pages hold pictures in attributes.
    expect(
      refusal(
        `<!doctype html><body><h2>Article 1</h2><img src="data:${'a'.repeat(70_000)}">x<h2>Article 2</h2>y`,
      ),
    ).toBeNull()
  })

  test.each([
    ['elements inside of each other', (n: number) => `${'<b>'.repeat(n)}x${'</b>'.repeat(n)}`],
    ['articles inside of each other', (n: number) => '<article>'.repeat(n)],
    ['comments without an end', (n: number) => '<!--'.repeat(n)],
    ['sections of CDATA without an end', (n: number) => '<![CDATA['.repeat(n)],
    ['numbers without an end', (n: number) => '<num>'.repeat(n)],
    [
      'attributes',
      (n: number) => `<p ${Array.from({ length: n / 10 }, (_, i) => `a${i}="b"`).join(' ')}>x</p>`,
    ],
  ])('%s by the thousand are read and exported in time that grows with their length', (_, inner) => {
    const begun = performance.now()
    const source = ACT.replace('Text.', inner(10_000))
    const read = refusal(source)
    if (read === null) {
      const text = readFileText(Buffer.from(source), { document: 'DOC' })
      formatDocument(text, { format: 'markdown', country: 'xx', language: 'und', date: null })
    }
    expect(checkAkn(source).length).toBeLessThanOrEqual(20)
    expect(performance.now() - begun).toBeLessThan(20_000)
  })
})
