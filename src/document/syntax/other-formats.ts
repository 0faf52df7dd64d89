import { CutterError } from '../../domain/errors.ts'
import { asBuffer, byteOrderMark, textOf } from './lines.ts'

/** A file format that is no text, by the bytes it begins with. */
const FORMATS: { name: string; begins: (head: Buffer, all: Buffer) => boolean; next: string }[] = [
  {
    name: 'a PDF',
    // ISO 32000: the header is within the first 1,024 bytes.
    begins: (head) => head.indexOf('%PDF-') >= 0,
    next: 'a PDF holds places on pages and no text in its order, so its text would be a guess: take the text from its publisher (Akoma Ntoso, HTML or text), or make one, e.g. pdftotext -layout <source> <new file>, read it against the PDF, and start with the new file',
  },
  {
    name: 'a Word document (DOCX)',
    begins: (head, all) => isZip(head) && all.includes('word/document.xml'),
    // Units are bytes of their source, one after the other. The words of a DOCX are compressed, so that no unit could be bytes of it.
    next: 'convert it, e.g. pandoc -f docx -t gfm <source> -o <new file.md>, or npx mammoth <source> <new file.html>, read it through against the original, keep both, and start with the new file',
  },
  {
    name: 'an OpenDocument text (ODT)',
    begins: (head) => isZip(head) && head.includes('application/vnd.oasis.opendocument.text'),
    next: 'convert it, e.g. pandoc -t gfm <source> -o <new file.md>, read it through, keep the original, and start with the new file',
  },
  {
    name: 'an e-book (EPUB)',
    begins: (head) => isZip(head) && head.includes('application/epub+zip'),
    next: 'convert it, e.g. pandoc -t gfm <source> -o <new file.md>, read it through, and start with the new file',
  },
  { name: 'an archive (ZIP)', begins: isZip, next: 'unpack it, and start with a text that it holds' },
  {
    name: 'compressed (gzip)',
    begins: begins('\x1f\x8b'),
    next: 'unpack it with gunzip, and start with the text',
  },
  {
    name: 'a Word document (DOC) or another file of an office program',
    begins: begins('\xd0\xcf\x11\xe0'),
    next: 'save it as a text or as HTML, read it through, and start with the new file',
  },
  {
    name: 'a text with formats (RTF)',
    begins: begins('{\\rtf'),
    next: 'convert it, e.g. pandoc -f rtf -t gfm <source> -o <new file.md>, read it through, and start with the new file',
  },
  {
    name: 'an image',
    begins: isImage,
    next: 'take the text from its publisher; a text read from an image is a guess',
  },
]

function isZip(head: Buffer): boolean {
  return head.toString('latin1', 0, 4) === 'PK\x03\x04'
}

function begins(sign: string): (head: Buffer) => boolean {
  return (head) => head.toString('latin1', 0, sign.length) === sign
}

function isImage(head: Buffer): boolean {
  return /^(?:\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*)/.test(head.toString('latin1', 0, 8))
}

/** A root element of XML that Cutter reads by its elements, in small letters without a prefix. Others would be read as lines. */
const READ_ROOTS = new Set(['akomantoso', 'html'])

/** Namespaces of United States Legislative Markup (USLM), whose elements are read whatever its root. */
const USLM = /^https?:\/\/(?:xml\.house\.gov\/schemas|schemas\.gpo\.gov\/xml)\/uslm(?:\/|$)/

/** Names of HTML elements with which a page, or a part of one, may begin. Markdown too may begin with one. */
const HTML_ELEMENTS = new Set(
  `a abbr address article aside b blockquote body br center cite code dd del details dfn div dl dt em fieldset figure font footer form h1 h2 h3
  h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main mark meta nav ol option p picture pre q s samp script
  section select small span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr tt u ul var
  video`.split(/\s+/),
)

/** The root of an XML document. */
interface XmlRoot {
  /** As it is written, with its prefix. */
  name: string
  namespace: string | null
  /** Whether its elements are read. */
  isRead: boolean
}

/** Beginning of the text in which the root element is searched: declarations and comments of licences come before it. */
const HEAD_BYTES = 64 * 1024
/** Beginning of the text that shows whether it begins with an element. */
const START_BYTES = 256
const BEFORE_ROOT =
  /^(?:\s|<\?(?:[^?]|\?(?!>))*\?>|<!--(?:[^-]|-(?!->))*-->|<!DOCTYPE(?:[^[>]|\[[^\]]*\])*>)*/i

/** The beginning of a text that may be XML; null where something else than an element comes first, so that no more of it is decoded. */
function headOf(bytes: Uint8Array): string | null {
  const first = byteOrderMark(bytes)
  const upTo = (length: number) => textOf(bytes, first, Math.min(bytes.length, first + length))
  const start = upTo(START_BYTES).trimStart()
  return start === '' || start.startsWith('<') ? upTo(HEAD_BYTES) : null
}

/**
 * Finds the root element if a text is XML: by its declaration, or by a root that is no element of HTML and is closed at the end. Null for
 * HTML and everything else.
 */
export function findXmlRoot(bytes: Uint8Array): XmlRoot | null {
  const head = headOf(bytes)
  if (head === null) return null
  const before = BEFORE_ROOT.exec(head)![0]
  const isDeclared = /^\s*<\?xml[\s?]/.test(head)
  const found = /^<([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)(?=[\s/>])([^>]*)>/.exec(head.slice(before.length))
  if (found === null) return isDeclared ? { name: '?', namespace: null, isRead: false } : null
  const [, name, attributes] = found
  const own = name!.split(':').at(-1)!.toLowerCase()
  const prefix = name!.includes(':') ? `:${name!.split(':')[0]}` : ''
  const namespace = new RegExp(`\\sxmlns${prefix}\\s*=\\s*["']([^"']*)["']`).exec(attributes!)?.[1] ?? null
  if (!isDeclared && HTML_ELEMENTS.has(own) && prefix === '') return null
  const tail = textOf(bytes, Math.max(byteOrderMark(bytes), bytes.length - 1_000), bytes.length)
  if (!isDeclared && !tail.trimEnd().endsWith(`</${name}>`)) return null
  return { name: name!, namespace, isRead: READ_ROOTS.has(own) || USLM.test(namespace ?? '') }
}

const SUBSET = /^\s*<!DOCTYPE[^>[]*\[((?:[^\]]|\](?!\s*>))*)/i

/**
 * Asserts that a source in XML declares no entities. None is ever expanded, so that a text which needs them would be read without their words,
 * and a small one can't become a large one.
 *
 * @throws INPUT_REFUSED when its beginning declares one
 */
export function assertNoEntities(bytes: Uint8Array, document: string): void {
  const head = headOf(bytes)
  if (head === null || !/<!ENTITY/i.test(SUBSET.exec(withoutSilent(head))?.[1] ?? '')) return
  throw formatError(
    document,
    'XML that declares entities (<!ENTITY …>), which Cutter never expands',
    'take the text from its publisher without them, or expand them, e.g. xmllint --noent --nonet <source>, read it through, and start with the new file',
  )
}

/** Removes instructions and comments. One without an end goes to the end of the text. */
function withoutSilent(text: string): string {
  const kept: string[] = []
  let at = 0
  for (let begin = findSilent(text, 0); begin < text.length; begin = findSilent(text, at)) {
    kept.push(text.slice(at, begin))
    const isComment = text.startsWith('<!--', begin)
    const end = isComment ? text.indexOf('-->', begin + 4) : text.indexOf('?>', begin + 2)
    at = end < 0 ? text.length : end + (isComment ? 3 : 2)
  }
  return kept.join('') + text.slice(at)
}

function findSilent(text: string, from: number): number {
  const found = /<\?|<!--/g
  found.lastIndex = from
  return found.exec(text)?.index ?? text.length
}

/**
 * Asserts that a source is a text, and no file of another format.
 *
 * @throws INPUT_REFUSED when it is one, with its name and what to do
 */
export function assertTextFormat(bytes: Uint8Array, document: string): void {
  const all = asBuffer(bytes)
  const head = all.subarray(0, 1_024)
  const format = FORMATS.find((one) => one.begins(head, all))
  if (format !== undefined) throw formatError(document, format.name, format.next)
}

/**
 * Asserts that the lines of XML are not read as lines of a law: only profiles that read elements read it.
 *
 * @param profile the named one; null: it is detected
 * @throws INPUT_REFUSED when the root is unknown and no profile is named, or the named one reads lines
 */
export function assertReadsElements(
  { name, namespace, isRead }: XmlRoot,
  document: string,
  profile: { name: string; syntax: readonly string[] } | null,
): void {
  const of = namespace === null ? '' : ` of ${namespace}`
  if (profile === null && !isRead)
    throw formatError(
      document,
      `XML whose elements (<${name}>${of}) Cutter doesn’t know`,
      'take the text from its publisher as Akoma Ntoso, HTML or text, or convert it with a stylesheet, read it through, and start with the new file',
    )
  if (profile !== null && !profile.syntax.includes('html'))
    throw formatError(
      document,
      `XML (<${name}>${of}), whose elements profile ${profile.name} would read as lines of text`,
      isRead
        ? 'leave --profile out, or name --profile html'
        : 'convert it to Akoma Ntoso, HTML or text, and start with the new file',
    )
}

const formatError = (document: string, name: string, next: string) =>
  new CutterError(
    'INPUT_REFUSED',
    `the source of ${document} is ${name}, and can’t be cut as it is; nothing was changed`,
    {
      next,
    },
  )
