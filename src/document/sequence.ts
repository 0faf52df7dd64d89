import type { Heading } from './found.ts'
import { rankOf } from './leaf.ts'
import type { Profile } from './profile.ts'

/**
 * A number behind mere signs ("1.", "(a)", "1.2.3") may as well be that of a list. It counts where its series begins at the
 * beginning and goes on from the one before; a small gap may be one of the text, and is told as such.
 */

const WIDEST_GAP = 5

interface Series {
  kept: Heading[]
  ordinal: number[]
  indent: number
  /** Whether no text stood between any two so far: then it may be a table of contents. */
  bare: boolean
}

/** Leaves out the weak headings that don't fit their series. `headings` in the order of the text. */
export function settleWeak(headings: Heading[], profile: Profile): Heading[] {
  const open = new Map<string, Series>()
  const dropped = new Set<Heading>()
  let kept = -1
  for (const heading of headings) {
    const { level, weak, start } = heading
    // One mark may be read in two ways ("I." is a letter or 1): the first that goes on counts.
    if (weak !== undefined && start === kept) dropped.add(heading)
    else if (weak !== undefined && !goesOn(open, heading, dropped)) dropped.add(heading)
    if (dropped.has(heading)) continue
    kept = start
    if (level === null) continue
    const rank = rankOf(level, profile)
    for (const name of open.keys()) if (rankOf(name, profile) > rank && rank >= 0) open.delete(name)
  }
  return dropped.size === 0 ? headings : headings.filter((heading) => !dropped.has(heading))
}

function goesOn(open: Map<string, Series>, heading: Heading, dropped: Set<Heading>): boolean {
  const { ordinal, indent, textBefore } = heading.weak!
  const level = heading.level!
  const series = open.get(level)
  if (series === undefined) {
    if (!begins(ordinal)) return false
    open.set(level, { kept: [heading], ordinal, indent, bare: true })
    return true
  }
  if (Math.abs(series.indent - indent) <= 1 && follows(series.ordinal, ordinal)) {
    series.kept.push(heading)
    series.ordinal = ordinal
    series.bare &&= textBefore === 0
    return true
  }
  const again = begins(ordinal) && series.bare && series.kept.length > 2
  if (!again) return false
  // The same numbers once more, with the text this time: what came before was a table of contents.
  for (const listed of series.kept) dropped.add(listed)
  open.set(level, { kept: [heading], ordinal, indent, bare: true })
  return true
}

function begins(ordinal: number[]): boolean {
  return ordinal.every((part) => part <= 1)
}

/** Letters of annexes (A.1) count as thousands, so that they begin behind all numbers. */
function follows(before: number[], after: number[]): boolean {
  const at = after.findIndex((part, i) => part !== before[i])
  if (at < 0) return false
  const rest = after.slice(at + 1)
  if (rest.some((part) => part > 1)) return false
  if (at >= before.length) return after[at]! <= 1
  const step = after[at]! - before[at]!
  if (after[at]! >= 65_000) return at === 0 && (before[0]! < 65_000 || step === 1000)
  return step > 0 && step <= WIDEST_GAP
}
