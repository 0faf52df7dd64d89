import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { formatDocument } from '../../src/document/export/format-document.ts'
import { readFileText } from '../../src/service/documents/read-document-text.ts'
import { validateAkn } from '../../src/service/documents/validate-akn.ts'
import { findTrustedProgram } from '../../src/tools/trusted-folders.ts'

const folder = mkdtempSync(join(tmpdir(), 'cutter-akn-'))
afterAll(() => rmSync(folder, { recursive: true }))

const interrupt = new AbortController().signal
const validate = (xml: string, schema?: string) =>
  validateAkn({ env: schema === undefined ? {} : { CUTTER_AKN_XSD: schema }, interrupt }, xml)

const LAW = `---
country: eu
language: en
date: 2016-04-27
published: 2016-05-04
commences: 2018-05-25
eli: http://data.europa.eu/eli/reg/2016/679/oj
ecli: ECLI:EU:C:2014:317
---

Words before.

## Chapter 1. Water

Loose words.

### Article 1

(1) It means:
a) one;
b) two.

(2) End.

### Article 2 (repealed)

## Annex

Forms.
`
function exported(source = LAW): string {
  const text = readFileText(Buffer.from(source), { document: 'LAW' })
  return formatDocument(text, { format: 'akn', country: 'xx', language: 'und', date: null }).content
}

const OWN = 'the export was checked by Cutter’s own subset of the schema of Akoma Ntoso 3.0'

describe('validateAkn', () => {
  test('checks an export by its own subset of the schema, and says so', async () => {
    expect(await validate(exported())).toEqual([`${OWN}: it is valid`])
  })

  test.each([
    ['an element is at a wrong place', /<FRBRcountry[^>]*\/>/, '', 'FRBRWork'],
    ['an attribute is missing', ' name="act"', '', '<act> has no name'],
    ['an id occurs twice', 'eId="chp_1__art_2"', 'eId="chp_1__art_1"', 'eId chp_1__art_1 occurs twice'],
    [
      'an article has content behind its paragraphs',
      '</paragraph>\n        </article>',
      '</paragraph><content><p>x</p></content></article>',
      '<article eId="chp_1__art_1"> holds',
    ],
    ['the text is not well-formed', '</body>', '', 'it is not well-formed'],
    ['an entity is not declared', 'Words before.', '&lol;', 'it is not well-formed'],
  ])('names the fault where %s', async (_, from, to, fault) => {
    const broken = exported().replace(from, to)
    expect(broken).not.toBe(exported())
    const [note] = await validate(broken)
    expect(note).toMatch(/it is NOT valid, \d+ faults?: /)
    expect(note).toContain(fault)
  })

  test('expands no entity', async () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">${[
      ...'b c d e f g h i j'.split(' '),
    ]
      .map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghi'[i]};`.repeat(10)}">`)
      .join('')}]><a>&j;</a>`
    expect((await validate(bomb))[0]).toContain('it is not well-formed')
  })

  test('refuses a schema without an absolute path', async () => {
    await expect(validate(exported(), 'akomantoso30.xsd')).rejects.toMatchObject({ code: 'USAGE' })
  })

  const xmllint = findTrustedProgram('xmllint')
  if (xmllint === null) console.log('skipped "xmllint judges": it is not installed')
  test.skipIf(xmllint === null)('xmllint judges by the schema that CUTTER_AKN_XSD names', async () => {
    const schema = join(folder, 'small.xsd')
    const element = (name: string) =>
      `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://docs.oasis-open.org/legaldocml/ns/akn/3.0">
         <xs:element name="${name}"><xs:complexType><xs:sequence><xs:any processContents="skip"/></xs:sequence></xs:complexType></xs:element></xs:schema>`
    writeFileSync(schema, element('akomaNtoso'))
    expect(await validate(exported(), schema)).toEqual([
      `the export was checked by xmllint with ${schema}: it is valid`,
    ])
    writeFileSync(schema, element('other'))
    const [note] = await validate(exported(), schema)
    expect(note).toMatch(/by xmllint with .*: it is NOT valid, 1 fault: line 2: element akomaNtoso/)
    // Where the schema is none, the subset judges, and the note says why.
    writeFileSync(schema, 'no schema')
    expect((await validate(exported(), schema))[0]).toMatch(/^xmllint failed: .*it is valid$/)
  })

  const official = process.env.CUTTER_AKN_XSD
  if (official === undefined) console.log('skipped "official schema": CUTTER_AKN_XSD does not name it')
  test.skipIf(official === undefined || xmllint === null)(
    'an export is valid by the official schema',
    async () => {
      expect(await validate(exported(), official)).toEqual([
        expect.stringMatching(/xmllint .*: it is valid$/),
      ])
    },
  )
})
