import type { Change, ChangeKind } from './diff-documents.ts'
import { collectShingles, containment, indexShingles, likeness, type Shingles } from './shingles.ts'

/** A unit as the comparison needs it. */
export interface UnitText {
  address: string
  /** Which of the units with this address, from 1. */
  occurrence: number
  sha256: string
  number: string | null
  parent: string | null
  status: string | null
  text: string
  /** The text behind the heading's line: what stays when a unit gets another number. */
  body: string
}

/** From this likeness on two texts are one unit under two addresses. */
const SAME_UNIT = 0.6
/** From this on a text came out of another one, or went into it. */
const PART_OF = 0.75
/** Fewer runs of words than this prove no kinship: "(repealed)" stands in many places. */
const FEWEST_RUNS = 5

interface Pairing {
  old: UnitText
  new: UnitText
  change: ChangeKind
}

/**
 * Pairs the units of two texts. First what did not change, then texts that stand under another address word for word, then
 * units of the same address, then texts that are alike. A number alone proves nothing: an article put in before shifts them all.
 */
export function diffUnits(before: UnitText[], after: UnitText[]): Change[] {
  const state = new Comparison(before, after)
  pairUnchanged(state)
  pairSameBodies(state)
  pairSameAddress(state)
  pairAlike(state)
  const parts = [...splits(state), ...merges(state)]
  return inOrder(state, parts)
}

class Comparison {
  readonly pairs = new Map<UnitText, Pairing>()
  readonly oldLeft: Set<UnitText>
  readonly newLeft: Set<UnitText>
  readonly #shingles = new Map<UnitText, Shingles>()

  constructor(
    readonly before: UnitText[],
    readonly after: UnitText[],
  ) {
    this.oldLeft = new Set(before)
    this.newLeft = new Set(after)
  }

  pair(old: UnitText, now: UnitText, change: ChangeKind): void {
    this.pairs.set(now, { old, new: now, change })
    this.oldLeft.delete(old)
    this.newLeft.delete(now)
  }

  shingles(unit: UnitText): Shingles {
    const known = this.#shingles.get(unit)
    if (known !== undefined) return known
    const made = collectShingles(unit.body.trim() === '' ? unit.text : unit.body)
    this.#shingles.set(unit, made)
    return made
  }
}

function groupedBy<Item, Key>(items: Iterable<Item>, keyOfItem: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOfItem(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

const keyOf = ({ address, occurrence }: UnitText) => `${address}#${occurrence}`

function pairUnchanged(state: Comparison): void {
  const old = new Map(state.before.map((unit) => [keyOf(unit), unit]))
  for (const now of state.after) {
    const was = old.get(keyOf(now))
    if (was?.sha256 === now.sha256) state.pair(was, now, 'unchanged')
  }
}

/** Word for word the same under another address, and but once on either side, so that there is no doubt which is which. */
function pairSameBodies(state: Comparison): void {
  const long = (unit: UnitText) => state.shingles(unit).size >= FEWEST_RUNS
  const byBody = (units: Set<UnitText>) => groupedBy([...units].filter(long), ({ body }) => body.trim())
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

function pairSameAddress(state: Comparison): void {
  const old = new Map([...state.oldLeft].map((unit) => [keyOf(unit), unit]))
  for (const now of state.newLeft) {
    const was = old.get(keyOf(now))
    if (was !== undefined) state.pair(was, now, isRepealedNow(was, now) ? 'repealed' : 'amended')
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

type Part = { old: UnitText; new: UnitText; change: 'split' | 'merged' }

/** New units whose text came out of an old one that lost it: by shrinking, or by going. */
function splits(state: Comparison): Part[] {
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
    found.push({ old: origin, new: now, change: 'split' })
  }
  return settle(state, found, ({ old }) => old, successor)
}

/** Old units whose text went into a new one that did not have it before. */
function merges(state: Comparison): Part[] {
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
    found.push({ old: was, new: into, change: 'merged' })
  }
  return settle(state, found, ({ new: into }) => into, origin)
}

/**
 * One part is no split and no merger, unless the unit that it left (or joined) is there beside it: then that one is a part too.
 */
function settle(
  state: Comparison,
  found: Part[],
  whole: (part: Part) => UnitText,
  counterpart: Map<UnitText, UnitText>,
): Part[] {
  const settled: Part[] = []
  for (const [unit, parts] of groupedBy(found, whole)) {
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

function inOrder(state: Comparison, parts: Part[]): Change[] {
  const byNew = groupedBy(parts, (part) => part.new)
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
