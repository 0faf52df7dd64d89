import { DOMParser, type Element } from '@xmldom/xmldom'
import { AKN_NAMESPACE } from './to-akn.ts'

/*
 * A subset of the schema of Akoma Ntoso 3.0 (OASIS), for machines without xmllint or the official schema: which children an element has in which
 * order, its required attributes, and ids that occur once. An element with a child that the subset does not know is not judged.
 */

const FRBR = 'FRBRthis (FRBRuri )+(FRBRalias )*(FRBRdate )+(FRBRauthor )+(componentInfo )?(preservation )?'
const HIERARCHY =
  `alinea article book chapter clause division hcontainer indent level list paragraph part point proviso rule section subchapter
  subclause subdivision sublist subparagraph subpart subrule subsection subtitle title tome transitional`.split(
    /\s+/,
  )
const ELEMENT = `(?:(?:${HIERARCHY.join('|')}) )`
const INSIDE = `(num )?(heading )?(subheading )?(?:(intro )?${ELEMENT}+(wrapUp )?|content )`

/** Children in their order, then the attributes that the schema requires. */
const MODELS: { [element: string]: [children: string, ...attributes: string[]] } = {
  akomaNtoso: [
    '(act|amendment|amendmentList|bill|collection|debate|debateReport|doc|documentCollection|judgment|officialGazette|portion|statement) ',
  ],
  act: ['meta (coverPage )?(preface )?(preamble )?body (conclusions )?(attachments )?(components )?', 'name'],
  bill: [
    'meta (coverPage )?(preface )?(preamble )?body (conclusions )?(attachments )?(components )?',
    'name',
  ],
  meta: [
    'identification (publication )?(classification )*(lifecycle )*(workflow )*(analysis )*(temporalData )*(references )*(notes )*(proprietary )*(presentation )*',
  ],
  identification: ['FRBRWork FRBRExpression FRBRManifestation (FRBRItem )?', 'source'],
  FRBRWork: [
    `${FRBR}FRBRcountry (FRBRsubtype )?(FRBRnumber )*(FRBRname )*(FRBRprescriptive )?(FRBRauthoritative )?`,
  ],
  FRBRExpression: [
    `${FRBR}(FRBRversionNumber )?(FRBRauthoritative )?(FRBRmasterExpression )?(FRBRtranslation )?(FRBRlanguage )+(FRBRtranslation )*`,
  ],
  FRBRManifestation: [`${FRBR}(FRBRformat )?`],
  FRBRthis: ['', 'value'],
  FRBRuri: ['', 'value'],
  FRBRcountry: ['', 'value'],
  FRBRname: ['', 'value'],
  FRBRformat: ['', 'value'],
  FRBRalias: ['', 'name', 'value'],
  FRBRdate: ['', 'date', 'name'],
  FRBRauthor: ['', 'href'],
  FRBRlanguage: ['', 'language'],
  TLCOrganization: ['', 'eId', 'href', 'showAs'],
  body: [`${ELEMENT}+`],
  hcontainer: [INSIDE, 'name', 'eId'],
  ...Object.fromEntries(
    HIERARCHY.filter((name) => name !== 'hcontainer').map((name) => [name, [INSIDE, 'eId']]),
  ),
}
const PATTERNS = new Map(
  Object.entries(MODELS).map(([name, [children]]) => [name, new RegExp(`^(?:${children})$`)]),
)
const KNOWN = new Set([
  ...Object.keys(MODELS),
  ...Object.values(MODELS).flatMap(([children]) => children.match(/\w+/g) ?? []),
])

/** Maximum number of faults that are named. */
const MOST = 20

/**
 * Checks an Akoma Ntoso 3.0 document by a subset of its schema. Returns a sentence for each fault, 20 at most. No entity is expanded, and nothing is
 * loaded.
 */
export function checkAkn(xml: string): string[] {
  let root: Element
  try {
    root = parse(xml)
  } catch (error) {
    return [`it is not well-formed: ${(error as Error).message.split('\n')[0]!.slice(0, 200)}`]
  }
  const faults: string[] = []
  const ids = new Map<string, string>()
  const open = [root]
  for (let element = open.pop(); element !== undefined && faults.length < MOST; element = open.pop()) {
    const children = [...element.childNodes].filter((node): node is Element => node.nodeType === 1)
    if (element.namespaceURI !== AKN_NAMESPACE) continue
    faults.push(...judge(element, children), ...repeatedIds(element, ids))
    for (const child of children.reverse()) open.push(child)
  }
  return faults.slice(0, MOST)
}

function parse(xml: string): Element {
  const onError = (level: string, message: string) => {
    if (level !== 'warning') throw new Error(message)
  }
  const root = new DOMParser({ onError }).parseFromString(
    xml.replace(/^\ufeff/, ''),
    'text/xml',
  ).documentElement
  if (root === null) throw new Error('it has no element')
  return root
}

function judge(element: Element, children: Element[]): string[] {
  const name = element.localName!
  const [, ...attributes] = MODELS[name] ?? ['']
  const names = children.map(({ localName, namespaceURI }) =>
    namespaceURI === AKN_NAMESPACE ? localName! : '?',
  )
  const pattern = names.every((one) => KNOWN.has(one)) ? PATTERNS.get(name) : undefined
  const fits = pattern === undefined || pattern.test(names.map((one) => `${one} `).join(''))
  return [
    ...(fits
      ? []
      : [
          `${nameOf(element)} holds ${shorten(names.join(', ')) || 'nothing'}, which the schema does not allow`,
        ]),
    ...attributes
      .filter((one) => !element.getAttribute(one))
      .map((one) => `${nameOf(element)} has no ${one}`),
  ]
}

function repeatedIds(element: Element, ids: Map<string, string>): string[] {
  return ['eId', 'wId'].flatMap((attribute) => {
    const id = element.getAttribute(attribute)
    if (id === null) return []
    const key = `${attribute} ${id}`
    const first = ids.get(key)
    ids.set(key, nameOf(element))
    return first === undefined ? [] : [`${key} occurs twice, at ${first} and ${nameOf(element)}`]
  })
}

const nameOf = (element: Element): string =>
  `<${element.localName}${element.hasAttribute('eId') ? ` eId="${element.getAttribute('eId')}"` : ''}>`

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text)
