import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DOMParser, type Element } from '@xmldom/xmldom'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SHORT_NAMES } from '../../../src/document/export/akn-ids.ts'
import { formatDocument } from '../../../src/document/export/format-document.ts'
import { toAkn } from '../../../src/document/export/to-akn.ts'
import { toMarkdown } from '../../../src/document/export/to-markdown.ts'
import { readFileText } from '../../../src/service/documents/read-document-text.ts'
import { aknAct, aknArticle } from '../../support/akoma-ntoso.ts'
import { scanText } from '../scan-fixture.ts'

const FACTS = { country: 'xx', language: 'und', date: null }
const textOf = (source: string | Uint8Array, profile?: string) =>
  readFileText(Buffer.from(source), { document: 'DOC', profile })
const aknOf = (source: string | Uint8Array, profile?: string) => toAkn(textOf(source, profile), FACTS)

/** Parses XML. Throws if it is not well-formed. */
function parsed(xml: string): Element {
  // The parser warns of U+FFFD, which is a regular character.
  const refuse = (level: string, message: string) => {
    if (level !== 'warning') throw new Error(message)
  }
  return new DOMParser({ onError: refuse }).parseFromString(xml, 'text/xml').documentElement!
}

const childrenOf = (element: Element): Element[] =>
  [...element.childNodes].filter((node) => node.nodeType === 1) as unknown as Element[]

function everyElement(element: Element): Element[] {
  return [element, ...childrenOf(element).flatMap(everyElement)]
}

const bodyOf = (xml: string) => everyElement(parsed(xml)).find(({ tagName }) => tagName === 'body')!

/** Lists the violations of the naming convention's rules for ids. */
function idFaults(xml: string): string[] {
  const faults: string[] = []
  const root = parsed(xml)
  for (const attribute of ['eId', 'wId']) {
    const ids = everyElement(root).flatMap((element) => element.getAttribute(attribute) ?? [])
    for (const id of ids) if (!GRAMMAR.test(id)) faults.push(`${attribute} ${id} is not a valid id`)
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i)
    for (const id of twice) faults.push(`${attribute} ${id} occurs twice`)
  }
  const check = (element: Element, parent: string | null) => {
    const eId = element.getAttribute('eId')
    if (eId === null) {
      if (!['num', 'heading'].includes(element.tagName)) faults.push(`${element.tagName} has no eId`)
      return
    }
    if (parent !== null && !eId.startsWith(`${parent}__`))
      faults.push(`${eId} does not begin with ${parent}__`)
    const own = parent === null ? eId : eId.slice(parent.length + 2)
    const [reference, number] = own.split('_')
    const expected = SHORT_NAMES[element.tagName] ?? element.tagName.toLowerCase()
    if (reference !== expected)
      faults.push(`${eId} is a ${element.tagName}, so its id should have ${expected}`)
    const num = childrenOf(element).find(({ tagName }) => tagName === 'num')?.textContent
    const written = num
      ?.toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
    if (written !== undefined && number !== written && !number?.startsWith(`${written}-`))
      faults.push(`${eId} has the number ${num}`)
    for (const child of childrenOf(element)) check(child, eId)
  }
  for (const element of childrenOf(bodyOf(xml))) check(element, null)
  return faults
}

const FRBR = 'FRBRthis (FRBRuri )+(FRBRalias )*(FRBRdate )+(FRBRauthor )+'
const HIERARCHICAL = `${Object.keys(SHORT_NAMES).join('|')}|book|hcontainer|level|part|point|rule|subtitle|title`
const INSIDE_OF_HIERARCHY = `(num )?(heading )?((intro )?((${HIERARCHICAL}) )+(wrapUp )?|content )`

/** Children and attributes that the schema of Akoma Ntoso 3.0 requires, for the elements of an export. */
const MODELS: { [element: string]: [children: string, ...attributes: string[]] } = {
  akomaNtoso: ['act '],
  act: ['meta (preface )?body ', 'name'],
  meta: ['identification references (notes )?'],
  identification: ['FRBRWork FRBRExpression FRBRManifestation ', 'source'],
  FRBRWork: [`${FRBR}FRBRcountry (FRBRname )*`],
  FRBRExpression: [`${FRBR}(FRBRlanguage )+`],
  FRBRManifestation: [`${FRBR}(FRBRformat )?`],
  ...Object.fromEntries(
    ['this', 'uri', 'country', 'name', 'format'].map((name) => [`FRBR${name}`, ['', 'value']]),
  ),
  FRBRalias: ['', 'name', 'value'],
  FRBRdate: ['', 'date', 'name'],
  FRBRauthor: ['', 'href'],
  FRBRlanguage: ['', 'language'],
  references: ['(TLCOrganization )+', 'source'],
  TLCOrganization: ['', 'eId', 'href', 'showAs'],
  notes: ['(note )+', 'source'],
  note: ['(p )+', 'eId'],
  preface: ['(p )+', 'eId'],
  body: [`((${HIERARCHICAL}) )+`],
  hcontainer: [INSIDE_OF_HIERARCHY, 'name', 'eId', 'wId'],
  ...Object.fromEntries(['intro', 'content', 'wrapUp'].map((name) => [name, ['(p )+', 'eId']])),
  ...Object.fromEntries(['num', 'heading', 'p'].map((name) => [name, ['']])),
}

/** Lists the violations of the schema. */
function structureFaults(xml: string): string[] {
  return everyElement(parsed(xml)).flatMap((element) => {
    const [children, ...attributes] = MODELS[element.tagName] ?? [INSIDE_OF_HIERARCHY, 'eId', 'wId']
    const names = childrenOf(element).map(({ tagName }) => `${tagName} `)
    return [
      ...(new RegExp(`^(?:${children})$`).test(names.join(''))
        ? []
        : [`${element.tagName} holds ${names.join('')}`]),
      ...attributes
        .filter((name) => !element.getAttribute(name))
        .map((name) => `${element.tagName} has no ${name}`),
    ]
  })
}

/** Lists the words that occur in the source more often than in the export. */
function lostWords(source: string, xml: string): string[] {
  const words = (text: string) => text.normalize('NFC').match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  const counts = new Map<string, number>()
  for (const word of words(parsed(xml).textContent!)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return words(source).filter((word) => {
    const left = counts.get(word) ?? 0
    counts.set(word, left - 1)
    return left < 1
  })
}

const GRAMMAR =
  /^[a-z]+(?:-[a-z]+)*(?:_[a-z0-9]+(?:-[a-z0-9]+)*)?(?:__[a-z]+(?:-[a-z]+)*(?:_[a-z0-9]+(?:-[a-z0-9]+)*)?)*$/

const CHARTER = `Words before.

## Chapter I

On water & <rivers>.

### Article 1

All water is "shared".

Second paragraph.

### Article 12a

The well stays open.

## Chapter II

### Article 13 (repealed)

Gone.
`

describe('toAkn', () => {
  test('Akoma Ntoso has the hierarchy with ids of the naming convention', () => {
    const { xml, notes } = aknOf(CHARTER)
    const ids = everyElement(bodyOf(xml))
      .filter((element) => element.getAttribute('wId') !== null)
      .map((element) => [element.tagName, element.getAttribute('eId'), element.getAttribute('wId')])
    expect(ids).toEqual([
      ['chapter', 'chp_1', 'chp_1'],
      ['article', 'chp_1__art_1', 'art_1'],
      ['article', 'chp_1__art_12a', 'art_12a'],
      ['chapter', 'chp_2', 'chp_2'],
      ['article', 'chp_2__art_13', 'art_13'],
    ])
    expect(idFaults(xml)).toEqual([])
    expect(structureFaults(xml)).toEqual([])
    expect(notes).toEqual([])
  })

  test('Akoma Ntoso numbers a piece without a number by its position, and its wId has its words', () => {
    const { xml } = aknOf(
      '# Charter\n\n## Preamble\n\nWe.\n\n## Aims\n\nTo be.\n\n## Annex\n\nForms.\n',
      'markdown',
    )
    const ids = everyElement(bodyOf(xml))
      .filter(({ tagName }) => tagName === 'hcontainer')
      .map((element) => ['name', 'eId', 'wId'].map((name) => element.getAttribute(name)))
    expect(ids).toEqual([
      ['heading', 'hcontainer_1', 'hcontainer_charter'],
      ['preamble', 'hcontainer_2', 'hcontainer_preamble'],
      ['heading', 'hcontainer_3', 'hcontainer_aims'],
      ['annex', 'hcontainer_4', 'hcontainer_annex'],
    ])
    expect([...idFaults(xml), ...structureFaults(xml)]).toEqual([])
  })

  test('the checks of this file notice an export that violates the schema', () => {
    const { xml } = aknOf(CHARTER)
    const broken = (from: string | RegExp, to: string) => [
      ...structureFaults(xml.replace(from, to)),
      ...idFaults(xml.replace(from, to)),
    ]
    expect(broken(/<FRBRcountry.*\/>/, '')).toEqual([expect.stringContaining('FRBRWork holds')])
    expect(broken(' name="act"', '')).toEqual(['act has no name'])
    expect(broken('eId="chp_1__art_1" ', 'eId="art_1" ')).toContain('art_1 does not begin with chp_1__')
    expect(broken('wId="art_12a"', 'wId="art_1"')).toEqual(['wId art_1 occurs twice'])
  })

  test('Akoma Ntoso keeps words that are XML syntax', () => {
    const paragraphs = everyElement(parsed(aknOf(CHARTER).xml))
      .filter(({ tagName }) => tagName === 'p')
      .map(({ textContent }) => textContent)
    expect(paragraphs).toEqual([
      'Words before.',
      'On water & <rivers>.',
      'All water is "shared".',
      'Second paragraph.',
      'The well stays open.',
      'Gone.',
    ])
  })

  test('Akoma Ntoso identifies work, expression and manifestation', () => {
    const facts = { country: 'vn', language: 'vie', date: '2013-11-28' }
    const { xml } = toAkn(textOf(CHARTER), facts)
    const values = (name: string) =>
      everyElement(parsed(xml))
        .filter(({ tagName }) => tagName === name)
        .map((element) => element.getAttribute('value'))
    expect(values('FRBRuri')).toEqual([
      '/akn/vn/act/2013-11-28/doc',
      '/akn/vn/act/2013-11-28/doc/vie@',
      '/akn/vn/act/2013-11-28/doc/vie@.akn',
    ])
  })

  test('Akoma Ntoso marks a unit that is repealed in place as removed', () => {
    const status = everyElement(bodyOf(aknOf(CHARTER).xml)).flatMap(
      (element) => element.getAttribute('status') ?? [],
    )
    expect(status).toEqual(['removed'])
  })

  test('Akoma Ntoso gives units with the same number different ids', () => {
    const { xml } = aknOf(
      '## Article 1\n\na\n\n## Article 1\n\nb\n\n## Article 1-2\n\nc\n\n## Article 1\n\nd\n',
    )
    const ids = childrenOf(bodyOf(xml)).map((element) => element.getAttribute('eId'))
    expect(ids).toEqual(['art_1', 'art_1-2', 'art_1-2-2', 'art_1-3'])
    expect(idFaults(xml)).toEqual([])
  })

  test('Akoma Ntoso replaces characters that XML cannot hold, and notes it in the file', () => {
    const { xml, notes } = aknOf('## Article 1\n\nbell \u0007 and \u0000 and \uffff.\n')
    expect(notes).toEqual([expect.stringContaining('3 control characters')])
    const [note] = everyElement(parsed(xml)).filter(({ tagName }) => tagName === 'note')
    expect(note?.textContent).toBe(notes[0])
    expect(bodyOf(xml).textContent).toContain('bell \ufffd and \ufffd and \ufffd.')
  })

  test('Akoma Ntoso of any text is well-formed and valid, and has every word', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '# Part I',
        '## Chapter 2',
        '### Article 5',
        '### Article 5 bis',
        '## Annex',
        '### Other words',
        '',
      ),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const source = `${lines.join('\n')}\n## Article 1\n\nthe end\n`
        const { xml } = aknOf(source, 'markdown')
        expect(idFaults(xml)).toEqual([])
        expect(structureFaults(xml)).toEqual([])
        expect(lostWords(source, xml)).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})

describe('toJson', () => {
  test('JSON has the source byte for byte', () => {
    for (const source of [
      '\ufeff## Article 1\r\n\r\na\r\n',
      CHARTER,
      '## Article 1\n\n\u0000 ends without a line',
    ]) {
      const bytes = Buffer.from(source)
      const { content } = formatDocument(textOf(bytes), { format: 'json', ...FACTS })
      const { type, records, sha256 } = JSON.parse(content)
      const again = Buffer.from(records.map(({ text }: { text: string }) => text).join(''))
      expect(again.equals(bytes)).toBe(true)
      expect(type).toBe('cutter.document/v1')
      expect(sha256).toBe(scanText(source).sha256)
    }
  })
})

describe('toMarkdown', () => {
  test('Markdown export of a Markdown source is the source', () => {
    expect(toMarkdown(textOf(CHARTER))).toEqual({ markdown: CHARTER, asWritten: true })
  })

  test('Markdown export of a plain text has headings by depth and escapes syntax in the text', () => {
    const plain = 'Chapter 1\n\nArticle 1\n\n# no heading\n1. no list\n*no* emphasis\n\nArticle 2\n\nb\n'
    const { markdown, asWritten } = toMarkdown(textOf(plain, 'plain'))
    expect(asWritten).toBe(false)
    expect(markdown).toBe(
      '# Chapter 1\n\n## Article 1\n\n\\# no heading\n1\\. no list\n\\*no\\* emphasis\n\n## Article 2\n\nb\n',
    )
    expect(scanText(markdown, 'markdown').records.map(({ address }) => address)).toEqual(
      scanText(plain, 'plain').records.map(({ address }) => address),
    )
  })
})

const folder = join(import.meta.dirname, '../../../../shared/documents')
const missing = !existsSync(folder)
if (missing) console.log('skipped "exports of real texts": ../shared/documents is not there')
const files = missing ? [] : readdirSync(folder).filter((name) => !name.startsWith('README'))

describe.skipIf(missing)('exports of real texts', () => {
  test.each(files)(
    '%s is well-formed Akoma Ntoso by the rules for ids, with every word of the source',
    (file) => {
      const bytes = readFileSync(join(folder, file))
      const { xml } = aknOf(bytes)
      expect(idFaults(xml)).toEqual([])
      expect(structureFaults(xml)).toEqual([])
      expect(lostWords(bytes.toString('utf8'), xml)).toEqual([])
      const { content } = formatDocument(textOf(bytes), { format: 'json', ...FACTS })
      const records: { text: string }[] = JSON.parse(content).records
      expect(Buffer.from(records.map(({ text }) => text).join('')).equals(bytes)).toBe(true)
    },
  )
})

describe('paragraphs and points in Akoma Ntoso', () => {
  const LAW = `## Article 1

Before.

(1) It means:
a) one;
b) two.

Flush.

(2) End.

## Article 2

No numbers here.

Nor here.
`
  test('have the ids of their addresses, and all words', () => {
    const { xml } = aknOf(LAW)
    const ids = [...xml.matchAll(/<(?:paragraph|point) eId="([^"]*)" wId="([^"]*)"/g)].map(([, eId]) => eId)
    expect(ids).toEqual([
      'art_1__para_1',
      'art_1__para_1__point_a',
      'art_1__para_1__point_b',
      'art_1__para_2',
    ])
    expect(xml).toContain('<num>(1)</num>')
    expect(xml).toMatch(/<wrapUp eId="art_1__para_1__wrapup">\s*<p eId="art_1__para_1__wrapup__p_1">Flush\.</)
    expect([...structureFaults(xml), ...idFaults(xml), ...lostWords(LAW.replace(/#/g, ''), xml)]).toEqual([])
  })

  test('are plain text where nothing is numbered', () => {
    const { xml } = aknOf(LAW)
    expect(xml).toContain('<p eId="art_2__content__p_2">Nor here.</p>')
  })
})

describe('exports of HTML and XML', () => {
  const PAGE = `<!doctype html><html><head><title>Gazette</title><style>p { color: red }</style></head><body>
<h2>Chapter 1. Water</h2>
<h3>Article 1. Wells</h3>
<p>All <b>water</b> is shared&nbsp;&amp; &lt;free&gt;.<br>It flows.</p>
<p>1. It means:</p><ul><li>a) one;</li><li>b) two.</li></ul>
<h3>Article 2</h3><script>let a = '<p>no text</p>'</script><p>Nobody owns it.</p>
</body></html>
`
  const texts = (xml: string, name: string) =>
    everyElement(bodyOf(xml))
      .filter(({ tagName }) => tagName === name)
      .map(({ textContent }) => textContent)

  test('Akoma Ntoso of a page has its words without tags, styles and scripts', () => {
    const { xml } = aknOf(PAGE)
    expect([...idFaults(xml), ...structureFaults(xml)]).toEqual([])
    expect(texts(xml, 'heading')).toEqual(['Chapter 1. Water', 'Article 1. Wells', 'Article 2'])
    expect(texts(xml, 'p')).toEqual([
      'All water is shared & <free>. It flows.',
      '1. It means:',
      'one;',
      'two.',
      'Nobody owns it.',
    ])
    expect(texts(xml, 'num')).toEqual(['1', '1', 'a)', 'b)', '2'])
  })

  test('Markdown of a page, read again, has its addresses', () => {
    const { markdown } = toMarkdown(textOf(PAGE))
    expect(markdown).toBe(
      'Gazette\n\n# Chapter 1. Water\n\n## Article 1. Wells\n\nAll water is shared \\& \\<free>. It flows.\n\n' +
        '1\\. It means:\n\na) one;\n\nb) two.\n\n## Article 2\n\nNobody owns it.\n',
    )
    const addresses = (source: string) =>
      scanText(source).records.flatMap(({ kind, address }) => (kind === 'unit' ? [address] : []))
    expect(addresses(markdown)).toEqual(addresses(PAGE))
  })

  test('Akoma Ntoso of Akoma Ntoso is the source, and a note says whose metadata count', () => {
    const source = aknAct([aknArticle('1', 'One &amp; all.'), aknArticle('2', 'Two.')])
    const exported = formatDocument(textOf(source), { format: 'akn', ...FACTS, country: 'vn' })
    expect(exported.content).toBe(source)
    expect(exported.notes).toEqual([
      'the source is Akoma Ntoso, and is exported as it is, with its own ids',
      expect.stringContaining('what was given for them is not used'),
    ])
  })

  test('Markdown of Akoma Ntoso has numbers, headings and words', () => {
    const article = aknArticle('1', 'One &amp; <![CDATA[<all>]]>.').replace(
      '</num>',
      '</num><heading>Wells</heading>',
    )
    const { markdown } = toMarkdown(textOf(aknAct([article, aknArticle('2', 'Two.')])))
    expect(markdown).toBe(
      '# Chapter 1 Water\n\n## Article 1 Wells\n\nOne \\& \\<all>.\n\n## Article 2\n\nTwo.\n',
    )
  })
})
