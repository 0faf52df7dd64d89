import { type Token, Tokenizer, TokenizerMode } from 'parse5'

/**
 * Headings and numbered elements of HTML by the tokens of parse5, not by a tree, so that memory and time grow with the text
 * alone. Offsets count UTF-16 units of the text. Every look at the open elements is paid for by an element that is closed
 * or filled by it, so that no nesting is too deep.
 */

export interface HtmlHeading {
  start: number
  /** Where the element ends, white space behind it included; null where the source doesn't say. */
  end: number | null
  depth: number
  text: string
  number: string | null
  /** Element that bears the number, else null. */
  tag: string | null
  /** Numbered elements round a numbered one. */
  nesting: number
}

export interface HtmlTokens {
  tagged: HtmlHeading[]
  unclosed: { what: string; start: number } | null
}

/** Elements that a heading at their beginning takes in with it. */
const WRAPPERS = new Set(['article', 'section', 'header', 'hgroup', 'div'])
/** Those of them that also say where the heading's text ends. */
const ENDING = new Set(['article', 'section', 'header'])

const RAW: { [tag: string]: keyof typeof TokenizerMode } = {
  ...{ script: 'SCRIPT_DATA', style: 'RAWTEXT', xmp: 'RAWTEXT', iframe: 'RAWTEXT', noembed: 'RAWTEXT' },
  ...{ noframes: 'RAWTEXT', textarea: 'RCDATA', title: 'RCDATA', plaintext: 'PLAINTEXT' },
}

interface Open {
  tag: string
  start: number
  numbered: HtmlHeading | null
  /** The heading at its beginning. */
  heading: HtmlHeading | null
  /** Whether anything but white space came inside of it before a heading. */
  filled: boolean
  /** Whether anything came behind that heading. */
  continued: boolean
}

export interface TokenOptions {
  numberAttribute: string | undefined
  /** Whether an element of this name may bear a number. */
  mayBearNumber: (tag: string) => boolean
  /** A heading's text is taken up to so many signs. */
  longest: number
  /** No more are taken than that. */
  most: number
}

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
  /** Elements that begin with a heading behind which nothing came yet. */
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
    /** Start of the outermost of the open elements in which nothing has come yet. */
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
