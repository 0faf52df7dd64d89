import type { HistoryEntry } from './history-entry.ts'
import { listNamedEvidence, type NamedEvidence } from './history-facts.ts'
import { digestOfBytes } from './json.ts'
import { nameInLine } from './visible.ts'

/** A piece of evidence that an entry names and that the store has lost: its row or its bytes are gone, or the bytes are others. */
export type LostEvidence = NamedEvidence

/** Lists the lost evidence of a run, in the order of entries and names. `contents` has the stored bytes by their digest. */
export function findLostEvidence(
  history: HistoryEntry[],
  rows: NamedEvidence[],
  contents: Map<string, Uint8Array>,
): LostEvidence[] {
  return listNamedEvidence(history).filter(({ seq, name, digest }) => {
    const isNamed = rows.some((row) => row.seq === seq && row.name === name && row.digest === digest)
    const bytes = contents.get(digest)
    return !isNamed || bytes === undefined || digestOfBytes(bytes) !== digest
  })
}

export const isLost = (lost: LostEvidence[], { seq, name }: Pick<NamedEvidence, 'seq' | 'name'>) =>
  lost.some((one) => one.seq === seq && one.name === name)

/** One piece of lost evidence as the end of a line for people. */
export const describeLost = ({ seq, name, digest }: LostEvidence): string =>
  `${nameInLine(name)}, entry ${seq}, ${digest}`
