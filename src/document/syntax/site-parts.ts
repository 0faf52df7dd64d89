import { type Token, type TokenHandler, Tokenizer, TokenizerMode } from 'parse5'

/*
 * Finds the parts of a page of HTML that belong to the site and not to its text: navigation, sidebars, footers, links to share the page, and
 * all that stands outside of `<main>`. Offsets count UTF-16 units of the text.
 */

/** A part of the page by its start and its end (exclusive). */
export interface SitePart {
  start: number
  end: number
  /** Its tag, as it is written in messages: `<nav>`. */
  tag: string
}

const TAGS = new Set(['nav', 'aside', 'footer'])
const ROLES = new Set(['navigation', 'banner', 'contentinfo', 'complementary', 'search'])
/** Names of classes and ids that sites of many makers give to such parts. */
const NAMES =
  /^(?:breadcrumbs?|sidebar|site-(?:header|footer|navigation)|share|sharing|share-(?:buttons?|links?|this)|sharedaddy|social-(?:share|links|icons|media)|cookie-(?:banner|notice|consent)|comments(?:-area)?|comment-respond|skip-link|widget-area|related-posts?|post-navigation|page-footer|page-header)$/i
/** Signs of one of them. Other texts are not read for them. */
const SIGNS =
  /<(?:nav|aside|footer|main)[\s>]|\brole\s*=|breadcrumb|sidebar|site-|shar[ei]|social-|cookie-|comment|skip-link|widget-area|related-post|-navigation|page-(?:foot|head)er/i
const EMPTY = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/
const RAW: { [tag: string]: keyof typeof TokenizerMode } = {
  script: 'SCRIPT_DATA',
  style: 'RAWTEXT',
  textarea: 'RCDATA',
  title: 'RCDATA',
}

/** Finds the outermost parts in the order of the text. */
export function findSiteParts(text: string): SitePart[] {
  if (!SIGNS.test(text)) return []
  const reader = new SitePartReader()
  const tokenizer = new Tokenizer({ sourceCodeLocationInfo: true }, reader)
  reader.tokenizer = tokenizer
  tokenizer.write(text, true)
  return reader.finish(text.length)
}

class SitePartReader implements TokenHandler {
  tokenizer!: Tokenizer
  readonly #parts: SitePart[] = []
  /** The open part: elements of its name inside of it are counted. */
  #open: { part: SitePart; name: string; depth: number } | null = null
  #body: number | null = null
  #bodyEnd: number | null = null
  readonly #mains: { start: number; end: number }[] = []

  onStartTag({ tagName: tag, attrs, selfClosing, location }: Token.TagToken): void {
    const { startOffset: start, endOffset: end } = location!
    if (RAW[tag] !== undefined) this.tokenizer.state = TokenizerMode[RAW[tag]]
    if (tag === 'body') this.#body = end
    if (tag === 'main' && this.#open === null) this.#mains.push({ start, end: -1 })
    if (selfClosing || EMPTY.test(tag)) return
    if (this.#open !== null) {
      if (this.#open.name === tag) this.#open.depth += 1
      return
    }
    if (tag === 'body' || tag === 'html' || !(TAGS.has(tag) || attrs.some(isOfSite))) return
    const part = { start, end: -1, tag: `<${tag}>` }
    this.#parts.push(part)
    this.#open = { part, name: tag, depth: 1 }
  }

  onEndTag({ tagName: tag, location }: Token.TagToken): void {
    if (tag === 'body') this.#bodyEnd = location!.startOffset
    if (tag === 'main' && this.#mains.length > 0) this.#mains.at(-1)!.end = location!.endOffset
    if (this.#open?.name !== tag) return
    this.#open.depth -= 1
    if (this.#open.depth > 0) return
    this.#open.part.end = location!.endOffset
    this.#open = null
  }

  /** Parts without an end are none, because they would hold all that follows. One `<main>` has all that is not of the site. */
  finish(length: number): SitePart[] {
    const parts = this.#parts.filter(({ end }) => end >= 0)
    const [main, ...others] = this.#mains
    if (main === undefined || others.length > 0 || main.end < 0) return parts
    const outside = [
      { start: this.#body ?? 0, end: main.start, tag: 'what stands before <main>' },
      { start: main.end, end: this.#bodyEnd ?? length, tag: 'what stands behind <main>' },
    ]
    const inside = parts.filter(({ start, end }) => start > main.start && end <= main.end)
    return [outside[0]!, ...inside, outside[1]!].filter(({ start, end }) => end > start)
  }

  onCharacter(): void {}
  onWhitespaceCharacter(): void {}
  onNullCharacter(): void {}
  onComment(): void {}
  onDoctype(): void {}
  onEof(): void {}
}

function isOfSite({ name, value }: Token.Attribute): boolean {
  if (name === 'role') return ROLES.has(value.trim().toLowerCase())
  return (name === 'class' || name === 'id') && value.split(/\s+/).some((each) => NAMES.test(each))
}

/** The start of the parts behind which nothing else has words, if they stand behind `last`. */
export function findTrailingParts(text: string, parts: SitePart[], last: number): number | null {
  let start: number | null = null
  let end = text.length
  for (const part of parts.toReversed()) {
    if (part.start <= last || hasWords(text.slice(part.end, end))) break
    start = part.start
    end = part.start
  }
  return start
}

const hasWords = (markup: string) =>
  /[\p{L}\p{N}]/u.test(
    markup.replace(/<(script|style)\b[\s\S]*?<\/\1\s*>|<!--[\s\S]*?-->/gi, '').replace(/<[^<>]*>/g, ''),
  )
