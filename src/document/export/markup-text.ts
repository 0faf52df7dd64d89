import { type Token, type TokenHandler, Tokenizer, TokenizerMode } from 'parse5'

// The text of a stretch of HTML or XML, without its tags. A stretch may begin or end inside of elements, so no tree is built.

/** What a record in HTML or XML says: its heading with its number, and its text, whose paragraphs are parted by blank lines. */
export interface MarkupText {
  head: string
  body: string
}

interface Block {
  /** What its text is of: a number, a heading, or anything else. */
  role: 'num' | 'heading' | 'text'
  text: string
}

/** Elements inside of a line. Every other element begins a block. */
const INLINE = new Set(
  `a abbr authorialnote b bdi bdo big cite code data date def del dfn em font i img inline ins kbd marker mark mref noteref person ph q ref rref s
  samp small span strike strong sub sup term time tt u var wbr`.split(/\s+/),
)
/** Elements without text of the document. */
const SILENT = { script: 'SCRIPT_DATA', style: 'RAWTEXT' } as const

/**
 * Reads the text of a stretch of HTML or XML. A number at the beginning of a paragraph stays with it.
 * @param heading what the record has as its heading: an element with these words at its beginning is its head
 */
export function readMarkupText(
  markup: string,
  { heading, isXml }: { heading: string | null; isXml: boolean },
): MarkupText {
  const reader = new BlockReader()
  const tokenizer = new Tokenizer({}, reader)
  reader.tokenizer = tokenizer
  // Only then sections of CDATA are text.
  tokenizer.inForeignNode = isXml
  tokenizer.write(markup, true)
  const blocks = reader.blocks.flatMap(({ role, text }): Block[] => {
    const plain = text.replace(/\s+/gu, ' ').trim()
    return plain === '' ? [] : [{ role, text: plain }]
  })
  const head: string[] = []
  if (heading !== null && blocks[0]?.role === 'num') head.push(blocks.shift()!.text)
  const isHead = blocks[0]?.role === 'heading' && (head.length > 0 || same(blocks[0].text, heading))
  if (isHead) head.push(blocks.shift()!.text)
  const body = blocks.map(({ role, text }, i) => {
    const isLast = i === blocks.length - 1
    return role === 'num' && !isLast ? `${text} ` : `${text}${isLast ? '' : '\n\n'}`
  })
  return { head: head.join(' '), body: body.join('') }
}

const same = (text: string, heading: string | null) =>
  heading !== null && text.normalize('NFC') === heading.replace(/\s+/gu, ' ').trim().normalize('NFC')

class BlockReader implements TokenHandler {
  readonly blocks: Block[] = [{ role: 'text', text: '' }]
  tokenizer!: Tokenizer
  #silent: string | null = null

  onStartTag({ tagName, selfClosing }: Token.TagToken): void {
    const tag = ownName(tagName)
    if (tag === 'script' || tag === 'style') {
      if (selfClosing) return
      this.#silent = tag
      this.tokenizer.state = TokenizerMode[SILENT[tag]]
    } else if (tag === 'br' || tag === 'eol') this.#add(' ')
    else if (!INLINE.has(tag)) this.#begin(roleOf(tag))
  }

  onEndTag({ tagName }: Token.TagToken): void {
    const tag = ownName(tagName)
    if (tag === this.#silent) this.#silent = null
    else if (!INLINE.has(tag) && tag !== 'br') this.#begin('text')
  }

  onCharacter({ chars }: Token.CharacterToken): void {
    this.#add(chars)
  }

  onWhitespaceCharacter(): void {
    this.#add(' ')
  }

  onNullCharacter(): void {
    this.#add('\0')
  }

  onComment(): void {}
  onDoctype(): void {}
  onEof(): void {}

  #begin(role: Block['role']): void {
    const last = this.blocks.at(-1)!
    if (last.text.trim() === '') Object.assign(last, { role, text: '' })
    else this.blocks.push({ role, text: '' })
  }

  #add(text: string): void {
    if (this.#silent === null) this.blocks.at(-1)!.text += text
  }
}

const roleOf = (tag: string): Block['role'] =>
  tag === 'num' ? 'num' : tag === 'heading' || /^h[1-6]$/.test(tag) ? 'heading' : 'text'

/** The name of an element without its prefix. */
const ownName = (tag: string): string => tag.slice(tag.indexOf(':') + 1)
