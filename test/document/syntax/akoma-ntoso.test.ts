import { describe, expect, test } from 'vitest'
import { checkAkn } from '../../../src/document/export/check-akn.ts'
import { toAkn } from '../../../src/document/export/to-akn.ts'
import { listSourceIds } from '../../../src/effects/cut/source-ids.ts'
import { readFileText } from '../../../src/service/documents/read-document-text.ts'
import { aknAct, aknArticle } from '../../support/akoma-ntoso.ts'
import { scanText } from '../scan-fixture.ts'

const akn = (body: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>
<akomaNtoso xmlns="http://docs.oasis-open.org/legaldocml/ns/akn/3.0">
  <act name="act">
    <meta><identification source="#x"/></meta>
    <body>
${body}
    </body>
  </act>
</akomaNtoso>
`
const article = (number: string, inner = 'Text.') =>
  `<article eId="art_${number}"><num>Article ${number}</num><content><p>${inner}</p></content></article>\n`

const read = (source: string) =>
  scanText(source)
    .records.filter(({ kind }) => kind !== 'other')
    .map(({ kind, address, heading }) => `${kind} ${address} ${heading}`)

describe('Akoma Ntoso', () => {
  test('has titles that hold articles, although a title of HTML holds none', () => {
    const body = `<title eId="title_I"><num>Title I</num><heading>Water</heading>${article('1')}${article('2')}</title>`
    expect(read(akn(body))).toEqual([
      'container DOC/TITLE-1 Water',
      'unit DOC/ARTICLE-1 article 1',
      'unit DOC/ARTICLE-2 article 2',
    ])
  })

  test.each([
    ['Chapter I', '1'],
    ['CHAPTER IV.', '4'],
    ['Chapter 2a', '2A'],
    ['XII', '12'],
  ])('reads the number of the chapter %s', (num, number) => {
    const body = `<chapter eId="c"><num>${num}</num><heading>Water</heading>${article('1')}${article('2')}</chapter>`
    expect(read(akn(body))[0]).toBe(`container DOC/CHAPTER-${number} Water`)
  })

  test.each([['quotedStructure'], ['embeddedStructure'], ['quotedText']])(
    'quotes articles of another law in <%s>, which are no units',
    (name) => {
      const amendment = `The Wells Act is amended: <mod><${name}>${article('2', 'Old wells.')}</${name}></mod>`
      const { records, problems } = scanText(akn(article('1', amendment) + article('2')))
      const units = records.filter(({ kind }) => kind === 'unit')
      expect(units.map(({ address }) => address)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2'])
      expect(problems).toEqual([])
    },
  )

  test('whose quotation is not closed is a finding', () => {
    const source = akn(
      `${article('1')}<article><num>Article 2</num><quotedStructure>${article('9')}</article>`,
    )
    expect(scanText(source).problems.map(({ code }) => code)).toContain('UNCLOSED_BLOCK')
  })

  test('of an export has the units and containers of what was exported', () => {
    const law = `## Chapter I\n\n### Article 1\n\n(1) One:\na) a;\nb) b.\n\n(2) Two.\n\n### Article 2a\n\nText.\n\n## Chapter II\n\n### Article 3\n\nEnd.\n`
    const text = readFileText(Buffer.from(law), { document: 'DOC' })
    const { xml } = toAkn(text, { country: 'xx', language: 'und', date: null })
    const own = text.pieces
      .filter(({ kind }) => kind !== 'other')
      .map(({ kind, address }) => `${kind} ${address}`)
    expect(read(xml).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(own)
  })
})

describe('Akoma Ntoso with a prefix', () => {
  const ACT = [aknArticle('1', 'Text.'), aknArticle('2', 'Text.')]

  test.each([['akn'], ['an'], ['A']])('%s is read as without one', (prefix) => {
    const named = aknAct(ACT, prefix)
    expect(named).toContain(`<${prefix}:article `)
    for (const source of [named, named.replace(/^<\?xml.*\n/, '')])
      expect(read(source)).toEqual(read(aknAct(ACT)))
    expect(read(aknAct(ACT))).toEqual([
      'container DOC/CHAPTER-1 Water',
      'unit DOC/ARTICLE-1 article 1',
      'unit DOC/ARTICLE-2 article 2',
    ])
  })

  test('leaves elements of other vocabularies alone, which have a prefix', () => {
    const others =
      '<x:title><x:num>Title 9</x:num>Other</x:title><x:article><x:num>Article 9</x:num></x:article>'
    expect(read(aknAct([...ACT, others]))).toEqual(read(aknAct(ACT)))
    expect(read(aknAct([...ACT, others.replaceAll('x:', 'y:')], 'akn').replaceAll('akn:y:', 'y:'))).toEqual(
      read(aknAct(ACT)),
    )
  })

  // As the German variant LegalDocML.de has it: § with a marker inside of the number, and a namespace of its own.
  test('reads numbers that hold markers, and a namespace of a variant', () => {
    const paragraph = (number: string) =>
      `<akn:article eId="para-${number}"><akn:num eId="para-${number}_bez-1"><akn:marker name="${number}"/>§ ${number}</akn:num>` +
      `<akn:heading>Wells</akn:heading><akn:paragraph><akn:num><akn:marker name="1"/>(1)</akn:num><akn:content><akn:p>Text.</akn:p></akn:content></akn:paragraph></akn:article>\n`
    const source = `<?xml version="1.0"?>\n<akn:akomaNtoso xmlns:akn="http://Inhaltsdaten.LegalDocML.de/1.6/"><akn:act><akn:body>
${paragraph('1')}${paragraph('2')}${paragraph('2a')}</akn:body></akn:act></akn:akomaNtoso>\n`
    expect(read(source)).toEqual([
      'unit DOC/ARTICLE-1 Wells',
      'unit DOC/ARTICLE-2 Wells',
      'unit DOC/ARTICLE-2A Wells',
    ])
  })
})

describe('USLM', () => {
  const section = (number: string, heading: string, inner: string) =>
    `<section identifier="/us/usc/t1/s${number}" id="i${number}"><num value="${number}">§ ${number}.</num><heading> ${heading}</heading>${inner}</section>\n`
  const TITLE = `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/css" href="usctitle.css"?>
<uscDoc xmlns="http://xml.house.gov/schemas/uslm/1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" identifier="/us/usc/t1">
<meta><dc:title>Title 1</dc:title><docNumber>1</docNumber></meta>
<main><title identifier="/us/usc/t1"><num value="1">TITLE 1—</num><heading>GENERAL PROVISIONS</heading>
<chapter identifier="/us/usc/t1/ch1"><num value="1">CHAPTER 1—</num><heading>RULES OF CONSTRUCTION</heading>
${section('1', 'Words', '<content><p>In any Act &amp; rule.</p></content>')}${section(
  '1a',
  'Wells',
  '<subsection identifier="/us/usc/t1/s1a/a"><num value="a">(a)</num><heading> In general.—</heading><content>All wells.</content></subsection>' +
    '<subsection identifier="/us/usc/t1/s1a/b"><num value="b">(b)</num><content>No other.</content></subsection>' +
    `<notes><note><p>Amended: <quotedContent>${section('9', 'Old', '')}</quotedContent></p></note></notes>`,
)}</chapter></title></main></uscDoc>
`
  const UNITS = [
    'container DOC/TITLE-1',
    'container DOC/CHAPTER-1',
    'unit DOC/SECTION-1',
    'unit DOC/SECTION-1A',
  ]

  test.each([
    ['of the Office of the Law Revision Counsel', TITLE],
    [
      'of the Government Publishing Office',
      TITLE.replace(/http:\S+uslm\/1\.0/, 'http://schemas.gpo.gov/xml/uslm'),
    ],
    ['with a prefix', TITLE.replace(/<(\/?)(?=[a-zA-Z]+[\s>])/g, '<$1u:').replace('xmlns=', 'xmlns:u=')],
    ['whose root is another one', TITLE.replaceAll('uscDoc', 'pLaw')],
  ])('%s is read by its sections, without what it quotes', (_, source) => {
    expect(read(source).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(UNITS)
  })

  test('exported as Akoma Ntoso has its words, and the same units and ids when that is read', () => {
    const exported = toAkn(readFileText(Buffer.from(TITLE), { document: 'DOC' }), {
      country: 'us',
      language: 'eng',
      date: null,
    }).xml
    expect(exported).toContain('<heading>Words</heading>')
    expect(exported).toContain('In any Act &amp; rule.')
    expect(exported).toMatch(/<num>\(a\)<\/num>\s*<content[^>]*>\s*<p[^>]*>In general\.—</)
    expect(checkAkn(exported)).toEqual([])
    expect(read(exported).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(UNITS)
    const ids = (source: string) => {
      const bytes = Buffer.from(source)
      const units = new Set(scanText(source).records.filter(({ kind }) => kind === 'unit'))
      return listSourceIds(bytes, units).map(({ id, address }) => `${id} ${address}`)
    }
    expect(ids(TITLE)).toEqual([
      '/us/usc/t1/s1 DOC/SECTION-1',
      'i1 DOC/SECTION-1',
      '/us/usc/t1/s1a DOC/SECTION-1A',
      'i1a DOC/SECTION-1A',
    ])
    expect(ids(exported)).toEqual(expect.arrayContaining(ids(TITLE)))
  })
})
