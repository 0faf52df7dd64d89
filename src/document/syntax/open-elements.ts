import type { HtmlHeading } from './html-heading.ts'

/** Elements whose end is also the end of the text of a heading at their beginning. */
const ENDING = new Set(['article', 'section', 'header'])

interface OpenElement<H extends HtmlHeading> {
  tag: string
  start: number
  numbered: H | null
  /** The heading at its beginning. */
  heading: H | null
  /** Whether it has content other than white space before a heading. */
  filled: boolean
  /** Whether it has content behind that heading. */
  continued: boolean
}

/**
 * The open elements of an HTML text. Each visit of an element closes or fills it, so deep nesting costs no more than flat text.
 * Offsets count UTF-16 units.
 */
export class OpenElements<H extends HtmlHeading = HtmlHeading> {
  /** The open elements that bear a number. */
  readonly numbered: H[] = []
  readonly #open: OpenElement<H>[] = []
  readonly #count = new Map<string, number>()
  /** Elements that begin with a heading and have no content behind it so far. */
  #waiting: OpenElement<H>[] = []

  /** Records content at the present place. */
  fill(): void {
    for (const element of this.#waiting) element.continued = true
    this.#waiting = []
    const open = this.#open
    for (let i = open.length - 1; i >= 0 && !open[i]!.filled; i--) open[i]!.filled = true
  }

  /** Opens an element. `bearer` is its heading if it bears a number. */
  enter(tag: string, start: number, bearer: H | null): void {
    if (bearer !== null) {
      this.fill()
      this.numbered.push(bearer)
    }
    this.#changeCount(tag, 1)
    this.#open.push({
      tag,
      start,
      numbered: bearer,
      heading: null,
      filled: bearer !== null,
      continued: false,
    })
  }

  /** Returns the innermost open element that has no content so far, or null. */
  unnumbered(): { tag: string; start: number } | null {
    const last = this.#open.at(-1)
    return last === undefined || last.filled || last.numbered !== null ? null : last
  }

  /** Makes the innermost open element bear a number that its first child has. */
  bear(bearer: H): void {
    const last = this.#open.at(-1)
    if (last === undefined) return
    this.fill()
    last.numbered = bearer
    this.numbered.push(bearer)
  }

  /** Returns the start of the outermost of the open elements that are still empty, or null. */
  unfilledStart(): number | null {
    const open = this.#open
    let start: number | null = null
    for (let i = open.length - 1; i >= 0 && !open[i]!.filled; i--) start = open[i]!.start
    return start
  }

  /** Makes a heading the beginning of the open elements that are still empty. */
  beginWith(heading: H): void {
    const open = this.#open
    for (let i = open.length - 1; i >= 0 && !open[i]!.filled; i--) {
      open[i]!.heading = heading
      open[i]!.filled = true
      this.#waiting.push(open[i]!)
    }
  }

  /** Closes the innermost open element of that name and the elements inside of it. `start` and `end` are those of the end tag. */
  leave(tag: string, start: number, end: number): void {
    if ((this.#count.get(tag) ?? 0) === 0) return
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      this.#changeCount(last.tag, -1)
      const isIt = last.tag === tag
      if (last.numbered !== null) {
        last.numbered.end = isIt ? end : start
        this.numbered.pop()
      } else if (last.heading !== null && last.continued && isIt && ENDING.has(tag)) last.heading.end = end
      if (isIt) return
    }
  }

  #changeCount(tag: string, by: number): void {
    this.#count.set(tag, (this.#count.get(tag) ?? 0) + by)
  }
}
