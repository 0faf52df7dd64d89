import { aknAddressWords, aknElement, aknElementReference, aknNumber, createIdIssuer } from './akn-ids.ts'
import { aknPartLines, paragraphLines } from './akn-parts.ts'
import type { DocumentText, TextPiece } from './document-text.ts'
import { type ReadPiece, readPieces } from './piece-text.ts'
import { countUnwritable, escapeXml, splitParagraphs } from './xml-text.ts'

/** Facts for the metadata that a text does not contain. */
export interface AknFacts {
  /** ISO 3166-1 in lower case; `xx` if it is unknown. */
  country: string
  /** ISO 639-2; `und` if it is unknown. */
  language: string
  /** Date of the work, YYYY-MM-DD; null if it is unknown. */
  date: string | null
  /** Days of publication and commencement, YYYY-MM-DD; left out or null if they are unknown. */
  published?: string | null
  commences?: string | null
  /** European identifiers of legislation and case law; left out or null if it has none. */
  eli?: string | null
  ecli?: string | null
}

interface Node {
  piece: ReadPiece
  eId: string
  wId: string
  children: Node[]
}

/** The namespace of Akoma Ntoso 3.0. */
export const AKN_NAMESPACE = 'http://docs.oasis-open.org/legaldocml/ns/akn/3.0'
/** The namespace of `cutter:ids`: the ids that an element has in a source that is no Akoma Ntoso. */
const CUTTER_NAMESPACE = 'urn:cutter:document'
/** Stands for an unknown date, because the schema of Akoma Ntoso requires one. */
const NO_DATE = '0001-01-01'

/**
 * Exports a text as Akoma Ntoso 3.0 (OASIS LegalDocML): an `act` whose body has the document's containers and units. Characters that
 * XML cannot hold become U+FFFD, and a note counts them. The same text always gives the same bytes.
 */
export function toAkn(text: DocumentText, facts: AknFacts): { xml: string; notes: string[] } {
  const { preface, roots } = buildTree(text)
  const hasIds = holdIds(roots)
  const lost = text.pieces.reduce((sum, piece) => sum + countUnwritable(piece.text), 0)
  const notes =
    lost === 0
      ? []
      : [
          `${lost} control characters, which XML cannot hold, are replaced by U+FFFD; the JSON export has them`,
        ]
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<akomaNtoso xmlns="${AKN_NAMESPACE}"${hasIds ? ` xmlns:cutter="${CUTTER_NAMESPACE}"` : ''}>`,
    '  <act name="act" contains="singleVersion">',
    ...metaLines(text, facts, notes),
    ...prefaceLines(preface),
    '    <body>',
    ...roots.flatMap((node) => elementLines(node, '      ')),
    '    </body>',
    '  </act>',
    '</akomaNtoso>',
  ]
  return { xml: `${lines.join('\n')}\n`, notes }
}

const holdIds = (nodes: Node[]): boolean =>
  nodes.some(({ piece, children }) => piece.ids.length > 0 || holdIds(children))

function buildTree({ pieces }: DocumentText): { preface: ReadPiece[]; roots: Node[] } {
  const eIds = createIdIssuer()
  const wIds = createIdIssuer()
  const open = new Map<string, Node>()
  const roots: Node[] = []
  const preface: ReadPiece[] = []
  let inside: Node | null = null
  const places = new Map<Node | null, number>()
  for (const piece of readPieces(pieces)) {
    if (piece.kind === 'other') {
      if (splitParagraphs(piece.body).length === 0) continue
      if (roots.length === 0) {
        preface.push(piece)
        continue
      }
    } else inside = piece.parent === null ? null : (open.get(piece.parent) ?? null)
    const reference = aknElementReference(levelOf(piece))
    let number = aknNumber(piece) ?? 'nn'
    if (reference === 'hcontainer') {
      const place = (places.get(inside) ?? 0) + 1
      places.set(inside, place)
      number = aknNumber(piece) ?? String(place)
    }
    const lasting = piece.kind === 'other' ? number : (aknNumber(piece) ?? aknAddressWords(piece))
    const within = piece.kind === 'other' || piece.address?.startsWith(`${inside?.piece.address}/`)
    const node: Node = {
      piece,
      eId: eIds(`${inside === null ? '' : `${inside.eId}__`}${reference}_${number}`),
      wId: wIds(`${within && inside !== null ? `${inside.wId}__` : ''}${reference}_${lasting}`),
      children: [],
    }
    ;(inside?.children ?? roots).push(node)
    if (piece.address !== null) open.set(piece.address, node)
    // Loose text behind a container's units stays in the container, as does every piece without a parent of its own.
    if (piece.kind === 'container') inside = node
  }
  return { preface, roots }
}

/** Loose text becomes an element of its own kind. */
const levelOf = ({ kind, level }: TextPiece) => (kind === 'other' ? 'text' : (level ?? 'level'))

function metaLines(
  { document, sourceVersionId, stored }: DocumentText,
  facts: AknFacts,
  notes: string[],
): string[] {
  const { country, language, published = null, commences = null, eli = null, ecli = null } = facts
  const work = `/akn/${country}/act/${facts.date ?? NO_DATE}/${document.toLowerCase()}`
  const version = (stored?.inForceSince ?? stored?.cutAt)?.slice(0, 10) ?? null
  const expression = `${work}/${language}@${version ?? ''}`
  const uris = (uri: string, main: string) => [`  <FRBRthis value="${main}"/>`, `  <FRBRuri value="${uri}"/>`]
  const dated = (date: string | null, name: string) => [
    `  <FRBRdate date="${date ?? NO_DATE}" name="${date === null ? 'unknown' : name}"/>`,
    '  <FRBRauthor href="#author"/>',
  ]
  const identification = [
    '<FRBRWork>',
    ...uris(work, `${work}/!main`),
    ...aliasLines({ sourceVersionId, eli, ecli }),
    `  <FRBRdate date="${facts.date ?? NO_DATE}" name="${facts.date === null ? 'unknown' : 'enactment'}"/>`,
    ...(published === null ? [] : [`  <FRBRdate date="${published}" name="publication"/>`]),
    ...(commences === null ? [] : [`  <FRBRdate date="${commences}" name="commencement"/>`]),
    '  <FRBRauthor href="#author"/>',
    `  <FRBRcountry value="${country}"/>`,
    `  <FRBRname value="${document}"/>`,
    '</FRBRWork>',
    '<FRBRExpression>',
    ...uris(expression, `${expression}/!main`),
    ...dated(version, 'version'),
    `  <FRBRlanguage language="${language}"/>`,
    '</FRBRExpression>',
    '<FRBRManifestation>',
    ...uris(`${expression}.akn`, `${expression}/!main.xml`),
    ...dated(version, 'version'),
    '  <FRBRformat value="application/akn+xml"/>',
    '</FRBRManifestation>',
  ]
  return [
    '    <meta>',
    '      <identification source="#cutter">',
    ...identification.map((line) => `        ${line}`),
    '      </identification>',
    '      <references source="#cutter">',
    '        <TLCOrganization eId="author" href="/ontology/organization/author" showAs="Author"/>',
    '        <TLCOrganization eId="cutter" href="/ontology/organization/cutter" showAs="Cutter"/>',
    '      </references>',
    ...(notes.length === 0 ? [] : ['      <notes source="#cutter">']),
    ...notes.map((note, i) => `        <note eId="note_${i + 1}"><p>${escapeXml(note)}</p></note>`),
    ...(notes.length === 0 ? [] : ['      </notes>']),
    '    </meta>',
  ]
}

/** Other names of the work. */
const aliasLines = (names: { [name: string]: string | null }): string[] =>
  Object.entries(names).flatMap(([name, value]) =>
    value === null ? [] : [`  <FRBRalias name="${name}" value="${escapeXml(value)}"/>`],
  )

function prefaceLines(pieces: ReadPiece[]): string[] {
  if (pieces.length === 0) return []
  const paragraphs = pieces.flatMap(({ body }) => splitParagraphs(body))
  return ['    <preface eId="preface">', ...paragraphLines(paragraphs, 'preface', '      '), '    </preface>']
}

function elementLines({ piece, eId, wId, children }: Node, indent: string): string[] {
  const { element, name } = aknElement(levelOf(piece))
  const deeper = `${indent}  `
  const attributes = [
    ...(name === null ? [] : [['name', name]]),
    ['eId', eId],
    ['wId', wId],
    ...(piece.unit === null ? [] : [['GUID', piece.unit.unitId]]),
    ...(piece.ids.length === 0 ? [] : [['cutter:ids', escapeXml(piece.ids.join(' '))]]),
    ...(piece.kind === 'excluded' ? [['status', piece.status === 'repealed' ? 'removed' : 'ignored']] : []),
  ]
  const block = children.length === 0 ? 'content' : 'intro'
  const { body, title } = piece
  const isUnit = piece.kind === 'unit' && children.length === 0 && piece.address !== null
  const parts = isUnit ? aknPartLines(piece.address!, body, { eId, wId, indent: deeper }) : null
  const paragraphs = splitParagraphs(body)
  const id = `${eId}__${block}`
  // An element without children must have a content, which may be empty.
  const isEmpty = paragraphs.length === 0 && children.length > 0
  return [
    `${indent}<${element} ${attributes.map(([key, value]) => `${key}="${value}"`).join(' ')}>`,
    ...(piece.number === null ? [] : [`${deeper}<num>${escapeXml(piece.number)}</num>`]),
    ...(title === null ? [] : [`${deeper}<heading>${escapeXml(title)}</heading>`]),
    ...(parts ?? []),
    ...(isEmpty || parts !== null
      ? []
      : [
          `${deeper}<${block} eId="${id}">`,
          ...paragraphLines(paragraphs.length === 0 ? [''] : paragraphs, id, `${deeper}  `),
          `${deeper}</${block}>`,
        ]),
    ...children.flatMap((child) => elementLines(child, deeper)),
    `${indent}</${element}>`,
  ]
}
