import { canonicalJson, digestOf, sha256 } from './json.ts'
import type { HistoryEntry, RunIdentity } from './run.ts'

/** What the first entry's `previousHash` is: the run's unchanging facts, so that the chain vouches for them too. */
export function genesisOf(identity: RunIdentity): string {
  const { runId, machine, version, definitionDigest, mode, input, startKey, startedBy, osUser, startedAt } =
    identity
  return digestOf({
    runId,
    machine,
    version,
    definitionDigest,
    mode,
    input,
    startKey,
    startedBy,
    osUser,
    startedAt,
  })
}

/** The hash of an entry: SHA-256 over the RFC 8785 form of all its other fields. */
export function hashOf(entry: Omit<HistoryEntry, 'hash'>): string {
  const { seq, at, event, by, state, status, snapshotDigest, previousHash } = entry
  // The RFC 8785 form, its eight keys in order; only strings of the outside need JSON's escapes.
  const text =
    `{"at":"${at}","by":${JSON.stringify(by)},"event":${canonicalJson(event)},"previousHash":"${previousHash}",` +
    `"seq":${seq},"snapshotDigest":"${snapshotDigest}","state":${JSON.stringify(state)},"status":"${status}"}`
  return `sha256:${sha256(text)}`
}

/** As a checker of stored rows sees an entry: whatever stands in it goes through the RFC's form. */
const withoutHash = ({ hash: _, ...entry }: HistoryEntry) => entry

/** The first thing that does not hold in a history, as a sentence, or null. */
export function faultInHistory(identity: RunIdentity, entries: HistoryEntry[]): string | null {
  let previous = genesisOf(identity)
  for (const [index, entry] of entries.entries()) {
    if (entry.seq !== index + 1) return `entry ${index + 1} is missing (found seq ${entry.seq})`
    if (entry.previousHash !== previous) {
      return index === 0
        ? 'the run’s facts (input, mode, who started it …) are not those that its first entry was made with'
        : `entry ${entry.seq} does not follow entry ${entry.seq - 1}`
    }
    if (entry.hash !== digestOf(withoutHash(entry))) return `entry ${entry.seq} was edited`
    previous = entry.hash
  }
  return entries.length === 0 ? 'the history is empty' : null
}
