import { type Token, type TokenHandler, Tokenizer, TokenizerMode } from 'parse5'
import { assertAttributes } from './assert-attributes.ts'
import type { HtmlParagraph, MarkedHtmlHeading } from './html-heading.ts'
import { findNumber, findValue, numberIn, skipWhiteSpace } from './html-numbers.ts'
import { OpenElements } from './open-elements.ts'
import { StruckOut } from './struck-out.ts'

// Headings and numbered elements of HTML, found by the tokens of parse5. Without a tree, memory and time grow with the text alone.
// Offsets count UTF-16 units of the text.

/** The headings of an HTML text in its order. */
interface HtmlTokens {
  tagged: MarkedHtmlHeading[]
  paragraphs: HtmlParagraph[]
  unclosed: { what: string; start: number } | null
}

/** Options of `readHtmlTokens`. */
interface TokenOptions {
  numberAttribute: string | undefined
  /** Whether the text is XML of laws. There `<title>` holds articles, and amendments quote articles of other laws. */
  isXml: boolean
  /** Prefix of the root, with its colon: elements that have it are read by their own names. Empty if it has none. */
  prefix: string
  /** Whether an element of this name may bear a number. */
  mayBearNumber: (tag: string) => boolean
  /** Maximum length of a heading's text, in UTF-16 units. */
  longest: number
  /** Maximum number of headings. */
  most: number
  /** Tests cheaply whether a paragraph that begins with this text may begin with a heading. */
  mayBegin: (text: string) => boolean
}

/** Elements whose tag belongs to a heading at their beginning. */
const WRAPPERS = new Set(['article', 'section', 'header', 'hgroup', 'div'])
/** Elements of laws in XML that hold text of another law. */
const QUOTING = /^(?:quoted|embedded)(?:structure|content|text)$/
/** Elements whose text is a paragraph. */
const PARAGRAPHS = new Set(['p', 'div', 'li', 'dt', 'dd', 'blockquote', 'center', 'td', 'pre'])
/** A paragraph's beginning is read as far as this, in UTF-16 units. */
const LONGEST_START = 300

const RAW: { [tag: string]: keyof typeof TokenizerMode } = {
  script: 'SCRIPT_DATA',
  style: 'RAWTEXT',
  xmp: 'RAWTEXT',
  iframe: 'RAWTEXT',
  noembed: 'RAWTEXT',
  noframes: 'RAWTEXT',
  textarea: 'RCDATA',
  title: 'RCDATA',
  plaintext: 'PLAINTEXT',
}

/** Reads the headings and numbered elements of an HTML text. */
export function readHtmlTokens(text: string, options: TokenOptions): HtmlTokens {
  const reader = new HeadingReader(text, options)
  const tokenizer = new Tokenizer({ sourceCodeLocationInfo: true }, reader)
  reader.tokenizer = tokenizer
  // Sections of CDATA are text in XML alone.
  tokenizer.inForeignNode = options.isXml
  tokenizer.write(text, true)
  return {
    tagged: reader.tagged.sort((a, b) => a.start - b.start),
    paragraphs: reader.paragraphs,
    unclosed: reader.unclosed(),
  }
}

interface Unclosed {
  what: string
  start: number
}

/** Collects headings from the tokens of a text. */
class HeadingReader implements TokenHandler {
  readonly tagged: MarkedHtmlHeading[] = []
  readonly paragraphs: HtmlParagraph[] = []
  tokenizer!: Tokenizer
  readonly #elements = new OpenElements<MarkedHtmlHeading>()
  #heading: MarkedHtmlHeading | null = null
  #raw: Unclosed | null = null
  #comment: Unclosed | null = null
  #paragraph: { start: number; text: string; marked: string } | null = null
  readonly #struck = new StruckOut()
  /** Text of a `num` or `heading` element, which Akoma Ntoso has at the beginning of an article. */
  #part: { tag: string; text: string; value: string | null } | null = null
  #quotes: Unclosed[] = []

  constructor(
    readonly text: string,
    readonly options: TokenOptions,
  ) {}

  unclosed(): Unclosed | null {
    return this.#comment ?? this.#raw ?? this.#quotes[0] ?? null
  }

  onStartTag(token: Token.TagToken): void {
    const { location, selfClosing } = token
    const tag = this.#nameOf(token)
    const start = location!.startOffset
    const elements = this.#elements
    if (this.options.isXml) assertAttributes(token)
    if (this.options.isXml && QUOTING.test(tag) && !selfClosing)
      this.#quotes.push({ what: `<${tag}>`, start })
    if (this.#quotes.length > 0) {
      elements.fill()
      return
    }
    if (RAW[tag] !== undefined && !this.options.isXml) {
      this.tokenizer.state = TokenizerMode[RAW[tag]]
      this.#raw = { what: `<${tag}>`, start }
    }
    if (PARAGRAPHS.has(tag)) {
      this.#endParagraph(start)
      this.#paragraph = { start, text: '', marked: this.#struck.isOpen ? '~~' : '' }
    } else if (tag === 'br') this.onWhitespaceCharacter()
    else if (/^(?:b|strong)$/.test(tag) && this.#paragraph?.marked.trim() === '')
      this.#paragraph.marked = '**'
    if (this.#struck.enter(tag, token)) this.#mark('~~')
    const number = findNumber(tag, token, this.options)
    if (tag === 'num' || tag === 'heading') {
      if (selfClosing) return
      this.#part = { tag, text: '', value: findValue(token) }
      return
    }
    // A marker or a note inside of a number is no content behind it.
    if (this.#part !== null && !WRAPPERS.has(tag) && !this.options.mayBearNumber(tag)) return
    if (number !== null) {
      const nesting = elements.numbered.length
      const bearer = this.#add({
        start,
        end: null,
        headingEnd: null,
        depth: 7,
        text: '',
        marked: '',
        number,
        tag,
        nesting,
      })
      elements.enter(tag, start, bearer)
    } else if (/^h[1-6]$/.test(tag)) {
      const plain = {
        end: null,
        headingEnd: null,
        depth: Number(tag[1]),
        text: '',
        marked: this.#struck.isOpen ? '~~' : '',
        number: null,
        tag: null,
        nesting: 0,
      }
      this.#heading = { start: elements.unfilledStart() ?? start, ...plain }
    } else if ((WRAPPERS.has(tag) || this.options.mayBearNumber(tag)) && !selfClosing)
      elements.enter(tag, start, null)
    else elements.fill()
  }

  onEndTag(token: Token.TagToken): void {
    const { location } = token
    const tag = this.#nameOf(token)
    if (this.#quotes.length > 0) {
      if (QUOTING.test(tag)) this.#quotes.pop()
      return
    }
    if (this.#raw?.what === `<${tag}>`) this.#raw = null
    if (this.#struck.leave(tag)) this.#mark('~~')
    if (PARAGRAPHS.has(tag)) this.#endParagraph(location!.endOffset)
    else if (/^(?:b|strong)$/.test(tag) && this.#paragraph?.marked.startsWith('**'))
      this.#closeBold(this.#paragraph)
    if (this.#part?.tag === tag) {
      this.#endPart(this.#part)
      return
    }
    const elements = this.#elements
    if (this.#heading !== null && /^h[1-6]$/.test(tag)) {
      const around = elements.numbered.at(-1)
      this.#heading.headingEnd = location!.endOffset
      if (this.#struck.isOpen) this.#heading.marked += '~~'
      if (around === undefined) elements.beginWith(this.#add(this.#heading))
      else entitle(around, this.#heading)
      this.#heading = null
      elements.fill()
    } else elements.leave(tag, location!.startOffset, skipWhiteSpace(this.text, location!.endOffset))
  }

  onCharacter({ chars }: Token.CharacterToken): void {
    this.#addText(chars)
    if (this.#part !== null) return
    if (this.#heading === null) this.#elements.fill()
    else this.#addToHeading(this.#heading, chars)
  }

  onWhitespaceCharacter(): void {
    this.#addText(' ')
    if (this.#heading !== null) this.#addToHeading(this.#heading, ' ')
  }

  onComment({ location }: Token.CommentToken): void {
    const { text } = this
    const { startOffset: start, endOffset } = location!
    const isOpen = endOffset >= text.length && text.startsWith('<!--', start) && !text.endsWith('-->')
    if (isOpen) this.#comment = { what: 'comment', start }
  }

  onNullCharacter(): void {}
  onDoctype(): void {}
  onEof(): void {}

  /** The name of an element, without the prefix of the root. */
  #nameOf({ tagName }: Token.TagToken): string {
    const { prefix } = this.options
    return prefix !== '' && tagName.startsWith(prefix) ? tagName.slice(prefix.length) : tagName
  }

  #addToHeading(heading: MarkedHtmlHeading, chars: string): void {
    if (heading.text.length >= this.options.longest) return
    heading.text += chars
    heading.marked += chars
  }

  /** Adds a sign of Markdown to what is read, for words that are struck out. */
  #mark(sign: string): void {
    if (this.#paragraph !== null && this.#paragraph.text.length < LONGEST_START)
      this.#paragraph.marked += sign
    if (this.#heading !== null) this.#heading.marked += sign
  }

  #addText(chars: string): void {
    const paragraph = this.#paragraph
    if (paragraph !== null && this.#raw === null && paragraph.text.length < LONGEST_START) {
      paragraph.text += chars
      paragraph.marked += chars
    }
    if (this.#part !== null && this.#part.text.length < LONGEST_START) this.#part.text += chars
  }

  #closeBold(paragraph: { marked: string }): void {
    if (paragraph.marked.indexOf('**', 2) < 0) paragraph.marked += '**'
  }

  #endParagraph(end: number): void {
    if (this.#paragraph === null) return
    const { start, text: read, marked: signed } = this.#paragraph
    this.#paragraph = null
    const marked = withSingleSpaces(this.#struck.isOpen ? `${signed}~~` : signed)
    if (this.paragraphs.length > this.options.most || !this.options.mayBegin(marked)) return
    const isComplete = read.length < LONGEST_START
    this.paragraphs.push({ start, end: isComplete ? end : null, text: withSingleSpaces(read), marked })
  }

  #endPart({ tag, text: read, value }: { tag: string; text: string; value: string | null }): void {
    this.#part = null
    const text = read.replace(/\s+/gu, ' ').trim()
    const around = this.#elements.numbered.at(-1)
    if (tag === 'heading') {
      if (around !== undefined) entitle(around, { text, marked: text })
      return
    }
    const open = this.#elements.unnumbered()
    const number = value ?? numberIn(text)
    if (open === null || number === null || !this.options.mayBearNumber(open.tag)) return
    const nesting = this.#elements.numbered.length
    const bearer = {
      start: open.start,
      end: null,
      headingEnd: null,
      depth: 7,
      text: '',
      marked: '',
      number,
      tag: open.tag,
      nesting,
    }
    this.#elements.bear(this.#add(bearer))
  }

  #add(heading: MarkedHtmlHeading): MarkedHtmlHeading {
    if (this.tagged.length <= this.options.most) this.tagged.push(heading)
    return heading
  }
}

const withSingleSpaces = (text: string) => text.replace(/\s+/gu, ' ').trim()

/** Gives an element that bears a number the first title inside of it. */
function entitle(
  around: MarkedHtmlHeading,
  { text, marked }: Pick<MarkedHtmlHeading, 'text' | 'marked'>,
): void {
  if (around.text !== '') return
  around.text = text
  around.marked = marked
}
