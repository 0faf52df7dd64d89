import type { UnitText } from './change.ts'
import { type Comparison, FEWEST_RUNS, groupBy } from './comparison.ts'
import { containment, indexShingles } from './shingles.ts'

/** Minimum share (0 to 1) of a text that came out of another text, or went into it. */
const PART_OF = 0.75

/** A part of a unit that was split, or a unit that was merged into another one. */
export type Part = { old: UnitText; new: UnitText; change: 'split' | 'merged' }

/** Finds new units whose text came out of an old unit that lost it, because it shrank or is gone. */
export function findSplits(state: Comparison): Part[] {
  const changed = [...state.pairs.values()].filter(({ change }) => change === 'amended')
  const successor = new Map(changed.map((pairing) => [pairing.old, pairing.new]))
  const candidates = indexShingles([...state.oldLeft, ...successor.keys()], (unit) => state.shingles(unit))
  const found: Part[] = []
  for (const now of state.newLeft) {
    const mine = state.shingles(now)
    const origin = mine.size < FEWEST_RUNS ? undefined : candidates.like(mine)[0]
    if (origin === undefined || containment(mine, state.shingles(origin)) < PART_OF) continue
    const rest = successor.get(origin)
    if (rest !== undefined && containment(mine, state.shingles(rest)) >= PART_OF) continue
    if (!isOwnPart(state, now, origin)) continue
    found.push({ old: origin, new: now, change: 'split' })
  }
  return keepCompleteGroups(state, found, ({ old }) => old, successor)
}

/** Finds old units whose text went into a new unit that did not have it before. */
export function findMerges(state: Comparison): Part[] {
  const changed = [...state.pairs.values()].filter(({ change }) => change === 'amended')
  const origin = new Map(changed.map((pairing) => [pairing.new, pairing.old]))
  const candidates = indexShingles([...state.newLeft, ...origin.keys()], (unit) => state.shingles(unit))
  const found: Part[] = []
  for (const was of state.oldLeft) {
    const mine = state.shingles(was)
    const into = mine.size < FEWEST_RUNS ? undefined : candidates.like(mine)[0]
    if (into === undefined || containment(mine, state.shingles(into)) < PART_OF) continue
    const had = origin.get(into)
    if (had !== undefined && containment(mine, state.shingles(had)) >= PART_OF) continue
    if (!isOwnPart(state, was, into)) continue
    found.push({ old: was, new: into, change: 'merged' })
  }
  return keepCompleteGroups(state, found, ({ new: into }) => into, origin)
}

/** Whether a part shares more with the other unit than boilerplate, such as "comes into force on the day after its publication". */
function isOwnPart(state: Comparison, part: UnitText, other: UnitText): boolean {
  const own = state.ownShingles(part)
  return own.size >= FEWEST_RUNS && containment(own, state.shingles(other)) >= PART_OF
}

/**
 * Removes groups of a single part, because one part is neither a split nor a merge. If the unit that it left (or joined) exists on
 * both sides, that unit is a part too.
 */
function keepCompleteGroups(
  state: Comparison,
  found: Part[],
  sharedUnit: (part: Part) => UnitText,
  counterpart: Map<UnitText, UnitText>,
): Part[] {
  const settled: Part[] = []
  for (const [unit, parts] of groupBy(found, sharedUnit)) {
    const other = counterpart.get(unit)
    if (other === undefined && parts.length < 2) continue
    const { change } = parts[0]!
    if (other !== undefined) {
      const [old, now] = change === 'split' ? [unit, other] : [other, unit]
      state.pairs.delete(now)
      settled.push({ old, new: now, change })
    }
    settled.push(...parts)
    for (const part of parts) {
      state.newLeft.delete(part.new)
      state.oldLeft.delete(part.old)
    }
  }
  return settled
}
