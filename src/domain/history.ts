import { type HistoryEntry, hashedText } from './history-entry.ts'
import { digestOf, sha256 } from './json.ts'
import { identityOf, type RunIdentity } from './run.ts'

/** What the first entry's `previousHash` is: the run's unchanging facts, so that the chain vouches for them too. */
export const genesisHash = (identity: RunIdentity): string => digestOf(identityOf(identity))

/** A record of this type carries a run over to another definition: `{ from: Definition, to: Definition, … }`. */
export const UPGRADED = 'cutter.upgraded'

export interface Definition {
  version: string
  definitionDigest: string
}

/** The hash of an entry: SHA-256 over the RFC 8785 form of all its other fields; `eventText` is its event as JSON. */
export function hashEntry(
  entry: Omit<HistoryEntry, 'hash'>,
  eventText: string = JSON.stringify(entry.event),
): string {
  return `sha256:${sha256(hashedText(entry, eventText))}`
}

/** As a checker of stored rows sees an entry: whatever stands in it goes through the RFC's form. */
const withoutHash = ({ hash: _, ...entry }: HistoryEntry) => entry

/** The first thing that does not hold in a history, as a sentence, or null. */
export function findHistoryFault(identity: RunIdentity, entries: HistoryEntry[]): string | null {
  const gap = gapIn(entries)
  if (gap !== null) return gap
  const began = begunUnder(identity, entries)
  let previous = genesisHash({ ...identity, ...began })
  for (const [index, entry] of entries.entries()) {
    if (entry.previousHash !== previous) {
      return index === 0
        ? 'the run’s facts (input, mode, who started it …) are not those that its first entry was made with'
        : `entry ${entry.seq} does not follow entry ${entry.seq - 1}`
    }
    if (entry.hash !== digestOf(withoutHash(entry))) return `entry ${entry.seq} was edited`
    previous = entry.hash
  }
  return faultInUpgrades(identity, began, entries)
}

/** From the newest back to the first: a store finds each entry by the one after it, so behind a gap it finds no more. */
function gapIn(entries: HistoryEntry[]): string | null {
  const newest = entries.at(-1)
  if (newest === undefined) return 'the history is empty'
  let expected = newest.seq
  for (const { seq } of entries.toReversed()) {
    if (seq === expected + 1) return `entry ${seq} is there twice`
    if (seq !== expected) return `entry ${expected} is missing`
    expected -= 1
  }
  return expected === 0 ? null : `entry ${expected} is missing`
}

/** The definition that a run was started under: an upgrade since then changed what its row says, never its first entry. */
function begunUnder({ version, definitionDigest }: RunIdentity, entries: HistoryEntry[]): Definition {
  const first = entries.find(({ event }) => event.type === UPGRADED)
  return first === undefined ? { version, definitionDigest } : upgradeOf(first).from
}

function faultInUpgrades(identity: Definition, began: Definition, entries: HistoryEntry[]): string | null {
  let now = began
  for (const entry of entries.filter(({ event }) => event.type === UPGRADED)) {
    const { from, to } = upgradeOf(entry)
    if (!isSame(from, now)) return `entry ${entry.seq} upgrades from another definition than the run had`
    now = to
  }
  return isSame(now, identity) ? null : 'the run’s definition is not the one that its history leads to'
}

const upgradeOf = ({ event }: HistoryEntry) => event as unknown as { from: Definition; to: Definition }
const isSame = (a: Definition, b: Definition) =>
  a.version === b.version && a.definitionDigest === b.definitionDigest
