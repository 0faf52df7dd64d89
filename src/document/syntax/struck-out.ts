import type { Token } from 'parse5'

const STRUCK = /^(?:del|s|strike)$/
const LINE_THROUGH = /text-decoration[^;]*line-through/i
/** Elements without an end tag. */
const EMPTY = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/

/** Follows which words of HTML are struck out: by `del`, `s` and `strike`, and by styles that draw a line through them. */
export class StruckOut {
  readonly #open: { tag: string; depth: number }[] = []

  get isOpen(): boolean {
    return this.#open.length > 0
  }

  /** Takes a start tag. Returns whether words that stood before are struck out from here on. */
  enter(tag: string, { attrs, selfClosing }: Token.TagToken): boolean {
    if (selfClosing || EMPTY.test(tag)) return false
    const last = this.#open.at(-1)
    const isStruck =
      STRUCK.test(tag) || attrs.some(({ name, value }) => name === 'style' && LINE_THROUGH.test(value))
    if (isStruck) this.#open.push({ tag, depth: 1 })
    else if (last?.tag === tag) last.depth += 1
    return isStruck && this.#open.length === 1
  }

  /** Takes an end tag. Returns whether words stand again from here on. */
  leave(tag: string): boolean {
    const last = this.#open.at(-1)
    if (last?.tag !== tag) return false
    last.depth -= 1
    if (last.depth > 0) return false
    this.#open.pop()
    return this.#open.length === 0
  }
}
