import { type Token, Tokenizer, TokenizerMode } from 'parse5'

/**
 * Headings and numbered elements of HTML, found by the tokens of parse5. Without a tree, memory and time grow with the text
 * alone. Offsets count UTF-16 units of the text. Each visit of an open element closes or fills it, so deep nesting costs
 * no more than flat text.
 */

/** A heading element, or an element that bears a number. */
export interface HtmlHeading {
  start: number
  /** End of the element with the white space behind it; null if the source does not say it. */
  end: number | null
  depth: number
  text: string
  number: string | null
  /** Name of the element that bears the number, else null. */
  tag: string | null
  /** Number of numbered elements around a numbered one. */
  nesting: number
}

/** The headings of an HTML text in its order. */
export interface HtmlTokens {
  tagged: HtmlHeading[]
  unclosed: { what: string; start: number } | null
}

/** Elements whose tag belongs to a heading at their beginning. */
const WRAPPERS = new Set(['article', 'section', 'header', 'hgroup', 'div'])
/** The wrappers whose end is also the end of the heading's text. */
const ENDING = new Set(['article', 'section', 'header'])

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

interface Open {
  tag: string
  start: number
  numbered: HtmlHeading | null
  /** The heading at its beginning. */
  heading: HtmlHeading | null
  /** Whether it has content other than white space before a heading. */
  filled: boolean
  /** Whether it has content behind that heading. */
  continued: boolean
}

/** Options of `readHtmlTokens`. */
export interface TokenOptions {
  numberAttribute: string | undefined
  /** Whether an element of this name may bear a number. */
  mayBearNumber: (tag: string) => boolean
  /** Maximum length of a heading's text, in UTF-16 units. */
  longest: number
  /** Maximum number of headings. */
  most: number
}

/** Reads the headings and numbered elements of an HTML text. */
export function readHtmlTokens(text: string, options: TokenOptions): HtmlTokens {
  const { longest, most } = options
  const tagged: HtmlHeading[] = []
  const elements = openElements()
  let heading: HtmlHeading | null = null
  let raw: { what: string; start: number } | null = null
  let comment: { what: string; start: number } | null = null
  const add = (one: HtmlHeading) => {
    if (tagged.length <= most) tagged.push(one)
    return one
  }
  const tokenizer = new Tokenizer(
    { sourceCodeLocationInfo: true },
    {
      onStartTag(token) {
        const { tagName: tag, location, selfClosing } = token
        const start = location!.startOffset
        if (RAW[tag] !== undefined) {
          tokenizer.state = TokenizerMode[RAW[tag]]
          raw = { what: `<${tag}>`, start }
        }
        const number = numberOf(token, options)
        if (number !== null) {
          const nesting = elements.numbered.length
          elements.enter(tag, start, add({ start, end: null, depth: 7, text: '', number, tag, nesting }))
        } else if (/^h[1-6]$/.test(tag)) {
          const plain = { end: null, depth: Number(tag[1]), text: '', number: null, tag: null, nesting: 0 }
          heading = { start: elements.unfilledStart() ?? start, ...plain }
        } else if (WRAPPERS.has(tag) && !selfClosing) elements.enter(tag, start, null)
        else elements.fill()
      },
      onEndTag({ tagName: tag, location }) {
        if (raw?.what === `<${tag}>`) raw = null
        if (heading !== null && /^h[1-6]$/.test(tag)) {
          const around = elements.numbered.at(-1)
          if (around === undefined) elements.beginWith(add(heading))
          else around.text ||= heading.text
          heading = null
          elements.fill()
        } else elements.leave(tag, location!.startOffset, afterWhiteSpace(text, location!.endOffset))
      },
      onCharacter({ chars }) {
        if (heading !== null && heading.text.length < longest) heading.text += chars
        else if (heading === null) elements.fill()
      },
      onWhitespaceCharacter() {
        if (heading !== null && heading.text.length < longest) heading.text += ' '
      },
      onComment({ location }) {
        const { startOffset: start, endOffset } = location!
        const isOpen = endOffset >= text.length && text.startsWith('<!--', start) && !text.endsWith('-->')
        if (isOpen) comment = { what: 'comment', start }
      },
      onNullCharacter() {},
      onDoctype() {},
      onEof() {},
    },
  )
  tokenizer.write(text, true)
  return { tagged: tagged.sort((a, b) => a.start - b.start), unclosed: comment ?? raw }
}

function numberOf({ tagName, attrs }: Token.TagToken, { numberAttribute, mayBearNumber }: TokenOptions) {
  if (numberAttribute === undefined || !mayBearNumber(tagName)) return null
  const number = attrs.find(({ name }) => name === numberAttribute)?.value.trim()
  return number === undefined || number === '' ? null : number
}

function openElements() {
  const open: Open[] = []
  const numbered: HtmlHeading[] = []
  const count = new Map<string, number>()
  /** Elements that begin with a heading and have no content behind it so far. */
  let waiting: Open[] = []
  const changeCount = (tag: string, by: number) => count.set(tag, (count.get(tag) ?? 0) + by)

  const fill = () => {
    for (const element of waiting) element.continued = true
    waiting = []
    for (let i = open.length - 1; i >= 0 && !open[i]!.filled; i--) open[i]!.filled = true
  }
  return {
    numbered,
    fill,
    enter(tag: string, start: number, bearer: HtmlHeading | null) {
      if (bearer !== null) {
        fill()
        numbered.push(bearer)
      }
      changeCount(tag, 1)
      open.push({ tag, start, numbered: bearer, heading: null, filled: bearer !== null, continued: false })
    },
    /** Start of the outermost of the open elements that are still empty. */
    unfilledStart(): number | null {
      let start: number | null = null
      for (let i = open.length - 1; i >= 0 && !open[i]!.filled; i--) start = open[i]!.start
      return start
    },
    beginWith(heading: HtmlHeading) {
      for (let i = open.length - 1; i >= 0 && !open[i]!.filled; i--) {
        open[i]!.heading = heading
        open[i]!.filled = true
        waiting.push(open[i]!)
      }
    },
    leave(tag: string, start: number, end: number) {
      if ((count.get(tag) ?? 0) === 0) return
      for (let last = open.pop(); last !== undefined; last = open.pop()) {
        changeCount(last.tag, -1)
        const isIt = last.tag === tag
        if (last.numbered !== null) {
          last.numbered.end = isIt ? end : start
          numbered.pop()
        } else if (last.heading !== null && last.continued && isIt && ENDING.has(tag)) last.heading.end = end
        if (isIt) return
      }
    },
  }
}

function afterWhiteSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at]!)) at += 1
  return at
}
