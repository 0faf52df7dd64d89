/**
 * Compares the output that a page shows with what a command printed. Ids, digests and times differ from run to run: they count as
 * equal, and the page's ids are bound to the real ones, so that a later command of the page may name them. `…` stands for the rest
 * of a line, a line `…` for any number of lines.
 */

const RUN = /\b[a-z]+(?:-[a-z]+)*-\d{8}T\d{6}Z-[0-9a-f]{8}\b/
const APPROVAL = /\bap-[0-9a-f]{32}\b/
const BOUND = new RegExp(`${RUN.source}|${APPROVAL.source}`, 'g')

/** What differs from one run of a command to the next, with the word that stands for it. */
const VARIABLE: [RegExp, string][] = [
  [/\b[a-z]+(?:-[a-z]+)*-\d{8}T\d{6}Z-(?:[0-9a-f]{8}|…)/g, 'RUN'],
  [/\bap-[0-9a-f]*(?:[0-9a-f]{32}|…)/g, 'APPROVAL'],
  [/\bsha256:[0-9a-f]*(?:[0-9a-f]{64}|…)/g, 'DIGEST'],
  [/\bsha256:[0-9a-f]{12}\b/g, 'DIGEST'],
  [/\b[0-9a-f]{64}\b/g, 'DIGEST'],
  [/\b\d{19}\b/g, 'SYSTEM'],
  [/SHA256:[A-Za-z0-9+/]*(?:[A-Za-z0-9+/]{43}|…)/g, 'KEY'],
  [/\bsv-[0-9a-f]{32}\b/g, 'SOURCE'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID'],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|\+00)?/g, 'TIME'],
  [/\brehearsal_mig_\w+/g, 'DATABASE'],
  [/cutter-instance@[^\s;,]+/g, 'INSTANCE'],
  [/\bv\d+\.\d+\.\d+\b/g, 'VERSION'],
  [/\b[0-9a-f]{8}\b/g, 'SUFFIX'],
  [/\b\d+(?:\.\d+)? ?(?:ms|s)\b/g, 'DURATION'],
  [/\b\d{14}Z?\b/g, 'STAMP'],
  [/ +/g, ' '],
]

const plain = (line: string) =>
  VARIABLE.reduce((text, [pattern, word]) => text.replace(pattern, word), line.trimEnd())

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function fits(expected: string, actual: string): boolean {
  const parts = plain(expected).split('…').map(escaped)
  return new RegExp(`^${parts.join('.*')}$`).test(plain(actual))
}

const ELLIPSIS = '…'

/** Ids of the page → ids of this run. */
export class Bindings {
  readonly #real = new Map<string, string>()

  bind(shown: string, real: string): void {
    this.#real.set(shown, real)
    if (RUN.test(shown) && RUN.test(real)) this.#real.set(shown.slice(-8), real.slice(-8))
  }

  /** Binds the ids of two lines that belong together. */
  bindLine(shown: string, real: string): void {
    const [left, right] = [shown.match(BOUND) ?? [], real.match(BOUND) ?? []]
    if (left.length !== right.length) return
    // An id that is bound already stays so: lists come in the order of the real ids.
    const known = [...this.#real.values()]
    for (const [at, id] of left.entries())
      if (!this.#real.has(id) && !known.includes(right[at]!)) this.bind(id, right[at]!)
  }

  /** A command of the page with this run's ids. */
  real(text: string): string {
    return this.#replace(text, [...this.#real])
  }

  /** Output of this run with the page's ids. */
  shown(text: string): string {
    return this.#replace(
      text,
      [...this.#real].map(([shown, real]) => [real, shown]),
    )
  }

  #replace(text: string, pairs: [string, string][]): string {
    const longest = [...pairs].sort(([a], [b]) => b.length - a.length)
    return longest.length === 0
      ? text
      : text.replace(
          new RegExp(longest.map(([from]) => escaped(from)).join('|'), 'g'),
          (found) => new Map(longest).get(found)!,
        )
  }
}

/**
 * Null when the output is as shown; else the first line of the page that the output lacks, or the first line of the output that
 * the page lacks. Binds ids on the way.
 */
export function difference(expected: string[], actual: string[], bindings: Bindings): string | null {
  const shown = actual.map((line) => bindings.shown(line))
  let at = 0
  let open = false
  for (const line of expected) {
    if (line.trim() === ELLIPSIS) {
      open = true
      continue
    }
    const found = open
      ? shown.findIndex((candidate, index) => index >= at && fits(line, candidate))
      : at < shown.length && fits(line, shown[at]!)
        ? at
        : -1
    if (found === -1)
      return `not printed: ${line}\n    printed: ${actual.slice(at, at + 3).join('\n             ')}`
    bindings.bindLine(line, actual[found]!)
    at = found + 1
    open = false
  }
  return open || at === actual.length ? null : `not shown: ${actual[at]}`
}

/** The page's lines brought up to date: each takes the printed line with the same first word; all that was printed if one has none. */
export function refreshed(expected: string[], actual: string[], bindings: Bindings): string[] {
  const fresh: string[] = []
  let at = 0
  for (const line of expected) {
    if (line.trim() === ELLIPSIS) {
      fresh.push(line)
      continue
    }
    const label = line.trim().split(/\s+/)[0]
    const found = actual.findIndex(
      (candidate, index) => index >= at && candidate.trim().split(/\s+/)[0] === label,
    )
    if (found === -1) return complete(actual, bindings)
    bindings.bindLine(line, actual[found]!)
    fresh.push(shortened(line, bindings.shown(actual[found]!)))
    at = found + 1
  }
  return expected.length > 0 && difference(fresh, actual, bindings) === null
    ? fresh
    : complete(actual, bindings)
}

const complete = (actual: string[], bindings: Bindings) => actual.map((line) => bindings.shown(line))

/** A line that the page cuts stays cut at the same column. */
const shortened = (shown: string, line: string) =>
  shown.endsWith(ELLIPSIS) ? `${line.slice(0, shown.length - 1)}${ELLIPSIS}` : line
