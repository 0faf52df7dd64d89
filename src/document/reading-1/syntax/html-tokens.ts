import { type Token, type TokenHandler, Tokenizer, TokenizerMode } from 'parse5'
import type { HtmlHeading } from '../../syntax/html-heading.ts'
import { OpenElements } from '../../syntax/open-elements.ts'

// Headings and numbered elements of HTML, found by the tokens of parse5. Without a tree, memory and time grow with the text alone.
// Offsets count UTF-16 units of the text.

/** The headings of an HTML text in its order. */
interface HtmlTokens {
  tagged: HtmlHeading[]
  unclosed: { what: string; start: number } | null
}

/** Options of `readHtmlTokens`. */
interface TokenOptions {
  numberAttribute: string | undefined
  /** Whether an element of this name may bear a number. */
  mayBearNumber: (tag: string) => boolean
  /** Maximum length of a heading's text, in UTF-16 units. */
  longest: number
  /** Maximum number of headings. */
  most: number
}

/** Elements whose tag belongs to a heading at their beginning. */
const WRAPPERS = new Set(['article', 'section', 'header', 'hgroup', 'div'])

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
  tokenizer.write(text, true)
  return { tagged: reader.tagged.sort((a, b) => a.start - b.start), unclosed: reader.unclosed() }
}

interface Unclosed {
  what: string
  start: number
}

/** Collects headings from the tokens of a text. */
class HeadingReader implements TokenHandler {
  readonly tagged: HtmlHeading[] = []
  tokenizer!: Tokenizer
  readonly #elements = new OpenElements()
  #heading: HtmlHeading | null = null
  #raw: Unclosed | null = null
  #comment: Unclosed | null = null

  constructor(
    readonly text: string,
    readonly options: TokenOptions,
  ) {}

  unclosed(): Unclosed | null {
    return this.#comment ?? this.#raw
  }

  onStartTag(token: Token.TagToken): void {
    const { tagName: tag, location, selfClosing } = token
    const start = location!.startOffset
    const elements = this.#elements
    if (RAW[tag] !== undefined) {
      this.tokenizer.state = TokenizerMode[RAW[tag]]
      this.#raw = { what: `<${tag}>`, start }
    }
    const number = findNumber(token, this.options)
    if (number !== null) {
      const nesting = elements.numbered.length
      const bearer = this.#add({
        start,
        end: null,
        headingEnd: null,
        depth: 7,
        text: '',
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
        number: null,
        tag: null,
        nesting: 0,
      }
      this.#heading = { start: elements.unfilledStart() ?? start, ...plain }
    } else if (WRAPPERS.has(tag) && !selfClosing) elements.enter(tag, start, null)
    else elements.fill()
  }

  onEndTag({ tagName: tag, location }: Token.TagToken): void {
    if (this.#raw?.what === `<${tag}>`) this.#raw = null
    const elements = this.#elements
    if (this.#heading !== null && /^h[1-6]$/.test(tag)) {
      const around = elements.numbered.at(-1)
      if (around === undefined) elements.beginWith(this.#add(this.#heading))
      else around.text ||= this.#heading.text
      this.#heading = null
      elements.fill()
    } else elements.leave(tag, location!.startOffset, skipWhiteSpace(this.text, location!.endOffset))
  }

  onCharacter({ chars }: Token.CharacterToken): void {
    if (this.#heading === null) this.#elements.fill()
    else if (this.#heading.text.length < this.options.longest) this.#heading.text += chars
  }

  onWhitespaceCharacter(): void {
    if (this.#heading !== null && this.#heading.text.length < this.options.longest) this.#heading.text += ' '
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

  #add(heading: HtmlHeading): HtmlHeading {
    if (this.tagged.length <= this.options.most) this.tagged.push(heading)
    return heading
  }
}

function findNumber({ tagName, attrs }: Token.TagToken, { numberAttribute, mayBearNumber }: TokenOptions) {
  if (numberAttribute === undefined || !mayBearNumber(tagName)) return null
  const number = attrs.find(({ name }) => name === numberAttribute)?.value.trim()
  return number === undefined || number === '' ? null : number
}

function skipWhiteSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at]!)) at += 1
  return at
}
