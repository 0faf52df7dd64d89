import { type HistoryEntry, hashedText } from './history-entry.ts'
import { digestOf, sha256 } from './json.ts'
import { identityOf, type RunIdentity } from './run.ts'

/** The `previousHash` of the first entry: the digest of the run's facts, so that the chain covers them too. */
export const genesisHash = (identity: RunIdentity): string => digestOf(identityOf(identity))

/** The type of the event that moves a run to another definition: `{ from: Definition, to: Definition, … }`. */
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

/** The fields of an entry that its hash covers. A stored entry may hold anything, so the check forms its RFC 8785 text in full. */
const withoutHash = ({ hash: _, ...entry }: HistoryEntry) => entry

/**
 * The first fault of a history, as a sentence, or null: gaps, the chain of hashes, and upgrades. The hashes of the first `checked` entries were
 * computed before, in this process, so that only their links are looked at.
 */
export function findHistoryFault(identity: RunIdentity, entries: HistoryEntry[], checked = 0): string | null {
  const gap = findGap(entries)
  if (gap !== null) return gap
  const atStart = startDefinition(identity, entries)
  let previous = genesisHash({ ...identity, ...atStart })
  for (const [index, entry] of entries.entries()) {
    if (entry.previousHash !== previous) {
      return index === 0
        ? 'the run’s facts (input, mode, who started it …) are not those of its first entry'
        : `entry ${entry.seq} does not follow entry ${entry.seq - 1}`
    }
    if (index >= checked && entry.hash !== digestOf(withoutHash(entry)))
      return `entry ${entry.seq} was edited`
    previous = entry.hash
  }
  return findUpgradeFault(identity, atStart, entries)
}

/** Checks from the newest entry back to the first. A store finds each entry by the one after it, so it finds none before a gap. */
function findGap(entries: HistoryEntry[]): string | null {
  const newest = entries.at(-1)
  if (newest === undefined) return 'the history is empty'
  let expected = newest.seq
  for (const { seq } of entries.toReversed()) {
    if (seq === expected + 1) return `entry ${seq} occurs twice`
    if (seq !== expected) return `entry ${expected} is missing`
    expected -= 1
  }
  return expected === 0 ? null : `entry ${expected} is missing`
}

/** The definition at the start of a run. An upgrade changes the row of the run, never its first entry. */
function startDefinition({ version, definitionDigest }: RunIdentity, entries: HistoryEntry[]): Definition {
  const first = entries.find(({ event }) => event.type === UPGRADED)
  return first === undefined ? { version, definitionDigest } : readUpgrade(first).from
}

function findUpgradeFault(identity: Definition, atStart: Definition, entries: HistoryEntry[]): string | null {
  let now = atStart
  for (const entry of entries.filter(({ event }) => event.type === UPGRADED)) {
    const { from, to } = readUpgrade(entry)
    if (!isSame(from, now)) return `entry ${entry.seq} upgrades from another definition than the run had`
    now = to
  }
  return isSame(now, identity) ? null : 'the run’s definition is not the one that its history leads to'
}

const readUpgrade = ({ event }: HistoryEntry) => event as unknown as { from: Definition; to: Definition }
const isSame = (a: Definition, b: Definition) =>
  a.version === b.version && a.definitionDigest === b.definitionDigest
