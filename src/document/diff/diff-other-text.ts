import { diffArrays } from 'diff'

/** A document in its order: units by their addresses, and the texts between them. `start` is a byte offset. */
export type TextPart = ({ unit: string } | { text: string }) & { start?: number }

/** Lines outside of all units that differ at one place. */
export interface OtherDifference {
  /** The unit before the place in the new text; null before the first unit. */
  after: string | null
  removed: string[]
  added: string[]
  /** Whether only white space differs. */
  blank: boolean
  /** Byte offset of the place in the new text, if its parts have one. */
  start: number
}

interface Token {
  key: string
  text: string | null
  unit: string | null
  start: number
}

/** Maximum number of edits. Texts with more are shown as one removal and one addition. */
const MOST_EDITS = 4_000

/**
 * Compares the lines outside of units, and the order of units, of two texts. A line that moved to another place between the units is
 * removed there and added here. `moved` lists the units that both texts have and that stand at another place.
 */
export function diffOtherText(
  before: readonly TextPart[],
  after: readonly TextPart[],
): { other: OtherDifference[]; moved: string[] } {
  const [old, now] = [tokensOf(before), tokensOf(after)]
  const same = (one: Token, other: Token) => one.key === other.key
  const parts = diffArrays(old, now, { comparator: same, maxEditLength: MOST_EDITS }) ?? [
    { value: old, removed: true, added: false },
    { value: now, removed: false, added: true },
  ]
  const other: OtherDifference[] = []
  const gone = new Set<string>()
  const come = new Set<string>()
  let open: OtherDifference | null = null
  let [last, start]: [string | null, number] = [null, 0]
  for (const { value, added, removed } of parts) {
    if (!added && !removed) open = null
    for (const { unit, text, ...token } of value) {
      if (!removed) {
        last = unit ?? last
        start = token.start
      }
      if (!added && !removed) continue
      if (unit !== null) (added ? come : gone).add(unit)
      if (text === null) continue
      if (open === null) {
        open = { after: last, removed: [], added: [], blank: false, start }
        other.push(open)
      }
      open[added ? 'added' : 'removed'].push(text)
    }
  }
  for (const one of other) one.blank = words(one.removed) === words(one.added)
  return { other, moved: [...come].filter((unit) => gone.has(unit)) }
}

/** Joins texts that follow each other, so that lines are compared whatever records they were divided into. */
export function joinTexts(parts: readonly TextPart[]): TextPart[] {
  const joined: TextPart[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if ('text' in part && last !== undefined && 'text' in last) last.text += part.text
    else joined.push({ ...part })
  }
  return joined
}

const words = (lines: string[]) => lines.join('').replace(/\s+/gu, '')

function tokensOf(parts: readonly TextPart[]): Token[] {
  const tokens: Token[] = []
  for (const part of parts) {
    let start = part.start ?? 0
    if ('unit' in part) {
      tokens.push({ key: `u${part.unit}`, text: null, unit: part.unit, start })
      continue
    }
    for (const line of part.text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      tokens.push({ key: `t${line}`, text: line.replace(/\n$/, ''), unit: null, start })
      start += Buffer.byteLength(line)
    }
  }
  return tokens
}
