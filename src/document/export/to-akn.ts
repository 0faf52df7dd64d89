import { aknAddressWords, aknElement, aknElementReference, aknNumber, createIdIssuer } from './akn-ids.ts'
import type { DocumentText, TextPiece } from './document-text.ts'
import { countUnwritable, escapeXml, splitParagraphs } from './xml-text.ts'

/** Facts for the metadata that a text does not contain. */
export interface AknFacts {
  /** ISO 3166-1 in lower case; `xx` if it is unknown. */
  country: string
  /** ISO 639-2; `und` if it is unknown. */
  language: string
  /** Date of the work, YYYY-MM-DD; null if it is unknown. */
  date: string | null
}

interface Node {
  piece: TextPiece
  eId: string
  wId: string
  children: Node[]
}

const NAMESPACE = 'http://docs.oasis-open.org/legaldocml/ns/akn/3.0'
/** Stands for an unknown date, because the schema of Akoma Ntoso requires one. */
const NO_DATE = '0001-01-01'

/**
 * Exports a text as Akoma Ntoso 3.0 (OASIS LegalDocML): an `act` whose body has the document's containers and units. Characters that
 * XML cannot hold become U+FFFD, and a note counts them. The same text always gives the same bytes.
 */
export function toAkn(text: DocumentText, facts: AknFacts): { xml: string; notes: string[] } {
  const { preface, roots } = buildTree(text)
  const lost = text.pieces.reduce((sum, piece) => sum + countUnwritable(piece.text), 0)
  const notes =
    lost === 0
      ? []
      : [
          `${lost} control characters, which XML cannot hold, are replaced by U+FFFD; the JSON export has them`,
        ]
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<akomaNtoso xmlns="${NAMESPACE}">`,
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

function buildTree({ pieces }: DocumentText): { preface: TextPiece[]; roots: Node[] } {
  const eIds = createIdIssuer()
  const wIds = createIdIssuer()
  const open = new Map<string, Node>()
  const roots: Node[] = []
  const preface: TextPiece[] = []
  let inside: Node | null = null
  const places = new Map<Node | null, number>()
  for (const piece of pieces) {
    if (piece.kind === 'other') {
      if (splitParagraphs(piece.text).length === 0) continue
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
  const { country, language } = facts
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
    ...(sourceVersionId === null ? [] : [`  <FRBRalias name="sourceVersionId" value="${sourceVersionId}"/>`]),
    ...dated(facts.date, 'enactment'),
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

function prefaceLines(pieces: TextPiece[]): string[] {
  if (pieces.length === 0) return []
  const paragraphs = pieces.flatMap(({ text }) => splitParagraphs(text))
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
    ...(piece.kind === 'excluded' ? [['status', piece.status === 'repealed' ? 'removed' : 'ignored']] : []),
  ]
  const block = children.length === 0 ? 'content' : 'intro'
  const paragraphs = splitParagraphs(bodyOf(piece))
  const id = `${eId}__${block}`
  // An element without children must have a content, which may be empty.
  const isEmpty = paragraphs.length === 0 && children.length > 0
  return [
    `${indent}<${element} ${attributes.map(([key, value]) => `${key}="${value}"`).join(' ')}>`,
    ...(piece.number === null ? [] : [`${deeper}<num>${escapeXml(piece.number)}</num>`]),
    ...(piece.heading === null ? [] : [`${deeper}<heading>${escapeXml(piece.heading)}</heading>`]),
    ...(isEmpty
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

/** Returns the text without its heading's line. If the heading runs into the text, the rest of the line is kept. */
function bodyOf({ text, heading, kind }: TextPiece): string {
  if (heading === null || kind === 'other') return text
  const end = /\r\n|\r|\n/.exec(text)
  const line = (end === null ? text : text.slice(0, end.index)).normalize('NFC')
  const rest = end === null ? '' : text.slice(end.index)
  const at = line.indexOf(heading)
  if (at < 0) return text
  const behind = line.slice(at + heading.length)
  return /[\p{L}\p{N}]/u.test(behind) ? behind + rest : rest
}

const paragraphLines = (paragraphs: string[], id: string, indent: string) =>
  paragraphs.map((text, i) => `${indent}<p eId="${id}__p_${i + 1}">${escapeXml(text)}</p>`)
