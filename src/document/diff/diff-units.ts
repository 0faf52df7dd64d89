import type { Change, ChangeKind, UnitText } from './change.ts'
import { Comparison, FEWEST_RUNS, groupBy } from './comparison.ts'
import { indexShingles, likeness } from './shingles.ts'
import { findMerges, findSplits, type Part } from './splits-and-merges.ts'

/** Minimum likeness (0 to 1) of two texts that are one unit under two addresses. */
const SAME_UNIT = 0.6

/**
 * Pairs the units of two texts: first unchanged units, then equal texts under another address, then similar texts of one address, then
 * similar texts of two, then short texts that moved with their neighbours. A number alone proves nothing, because an inserted article
 * shifts all numbers behind it, so that what is left of one address is paired last. Returns the changes in the new order, with the units
 * that are gone at the end.
 */
export function diffUnits(before: UnitText[], after: UnitText[]): Change[] {
  const state = new Comparison(before, after)
  pairUnchanged(state)
  pairSameBodies(state)
  pairSameAddress(state, (was, now) => likeness(state.shingles(was), state.shingles(now)) >= SAME_UNIT)
  pairAlike(state)
  pairWithNeighbours(state)
  pairSameAddress(state, () => true)
  const parts = [...findSplits(state), ...findMerges(state)]
  return listChanges(state, parts)
}

const keyOf = ({ address, occurrence }: UnitText) => `${address}#${occurrence}`

function pairUnchanged(state: Comparison): void {
  const old = new Map(state.before.map((unit) => [keyOf(unit), unit]))
  for (const now of state.after) {
    const was = old.get(keyOf(now))
    if (was?.sha256 === now.sha256) state.pair(was, now, 'unchanged')
  }
}

/** Pairs equal texts under different addresses. A text that occurs more than once on a side is ambiguous and stays unpaired. */
function pairSameBodies(state: Comparison): void {
  const long = (unit: UnitText) => state.shingles(unit).size >= FEWEST_RUNS
  const byBody = (units: Set<UnitText>) => groupBy([...units].filter(long), ({ body }) => body.trim())
  const old = byBody(state.oldLeft)
  for (const [body, units] of byBody(state.newLeft)) {
    const [was, ...others] = old.get(body) ?? []
    if (was === undefined || others.length > 0 || units.length > 1) continue
    const [now] = units
    if (was.address !== now!.address) state.pair(was, now!, elsewhere(was, now!))
  }
}

const elsewhere = (was: UnitText, now: UnitText): ChangeKind =>
  was.number === now.number ? 'moved' : 'renumbered'

function pairSameAddress(state: Comparison, isSame: (was: UnitText, now: UnitText) => boolean): void {
  const old = new Map([...state.oldLeft].map((unit) => [keyOf(unit), unit]))
  for (const now of state.newLeft) {
    const was = old.get(keyOf(now))
    if (was !== undefined && (isRepealedNow(was, now) || isSame(was, now)))
      state.pair(was, now, isRepealedNow(was, now) ? 'repealed' : 'amended')
  }
}

const isRepealedNow = (was: UnitText, now: UnitText) =>
  now.status !== was.status && (now.status === 'repealed' || now.status === 'obsolete')

function pairAlike(state: Comparison): void {
  const candidates = indexShingles([...state.oldLeft], (unit) => state.shingles(unit))
  for (const now of state.newLeft) {
    const mine = state.shingles(now)
    if (mine.size < FEWEST_RUNS) continue
    const was = candidates.like(mine).find((unit) => state.oldLeft.has(unit))
    if (was !== undefined && likeness(mine, state.shingles(was)) >= SAME_UNIT) {
      state.pair(was, now, elsewhere(was, now))
    }
  }
}

/** Minimum likeness (0 to 1) of two texts whose neighbours moved in the same way. */
const WITH_NEIGHBOURS = 0.3

/** Pairs short or much amended texts with the one that stood there, if a unit next to both moved. */
function pairWithNeighbours(state: Comparison): void {
  const old = new Map(state.before.map((unit, place) => [unit, place]))
  const places = [...state.after.keys()]
  for (const [step, order] of [
    [-1, places],
    [1, places.toReversed()],
  ] as const) {
    for (const place of order) {
      const now = state.after[place]!
      const pairing = state.pairs.get(state.after[place + step]!)
      if (!state.newLeft.has(now) || pairing === undefined) continue
      if (pairing.change !== 'renumbered' && pairing.change !== 'moved') continue
      const was = state.before[old.get(pairing.old)! - step]
      if (was === undefined || !state.oldLeft.has(was) || was.address === now.address) continue
      const isSame = now.body.trim() !== '' && now.body.trim() === was.body.trim()
      if (isSame || likeness(state.shingles(was), state.shingles(now)) >= WITH_NEIGHBOURS)
        state.pair(was, now, elsewhere(was, now))
    }
  }
}

function listChanges(state: Comparison, parts: Part[]): Change[] {
  const byNew = groupBy(parts, (part) => part.new)
  const shared = new Set(
    [...state.before, ...state.after]
      .filter(({ occurrence }) => occurrence > 1)
      .map(({ address }) => address),
  )
  const changes = state.after.flatMap((now): Change[] => {
    const mine = byNew.get(now)
    if (mine !== undefined) return mine.map(({ old, change }) => changeOf(change, old, now, shared))
    const pairing = state.pairs.get(now)
    return [
      pairing === undefined
        ? changeOf('added', null, now, shared)
        : changeOf(pairing.change, pairing.old, now, shared),
    ]
  })
  const gone = state.before.filter((unit) => state.oldLeft.has(unit))
  return [...changes, ...gone.map((unit) => changeOf('repealed', unit, null, shared))]
}

function changeOf(
  change: ChangeKind,
  old: UnitText | null,
  now: UnitText | null,
  shared: Set<string>,
): Change {
  const occurrence = (now ?? old)!.occurrence
  return {
    change,
    address: (old ?? now)!.address,
    newAddress: now?.address ?? null,
    oldSha256: old?.sha256 ?? null,
    newSha256: now?.sha256 ?? null,
    ...(shared.has((now ?? old)!.address) ? { occurrence } : {}),
  }
}
