import { CutterError } from './errors.ts'

/** Entries that `var/runs` names and the store lacks. */
export interface LostEntries {
  runId: string
  /** The newest entry that `var/runs` names. */
  seq: number
  /** The newest entry of the run in the store; null when the store has no such run. */
  has: number | null
}

/** How many runs a sentence names. */
const MOST_NAMED = 3

/** What brings lost entries back, and how to continue without them. */
export const NEXT_FOR_LOST_ENTRIES =
  'if cutter.db was copied without cutter.db-wal, end every process of Cutter in this home and copy both again; else restore a backup: cutter store restore <file>; to continue without them, see for each run: cutter run show <run>'

/** Says in a sentence which entries a store has lost. */
export function describeLostEntries(lost: LostEntries[]): string {
  const named = lost
    .slice(0, MOST_NAMED)
    .map(({ runId, seq, has }) => `run ${runId} (entry ${seq}; the store has ${has ?? 'no entry'})`)
  const others = lost.length - named.length
  const more = others > 0 ? ` and ${others} more` : ''
  return `the store is an older copy, or its journal cutter.db-wal is lost: it lacks entries that var/runs names, of ${named.join(', ')}${more}`
}

/** STORE_TAMPERED for a start with a key while the run of that key may be lost. */
export function lostKeyError(key: string, lost: LostEntries[]): CutterError {
  return new CutterError(
    'STORE_TAMPERED',
    `${describeLostEntries(lost)}. The key ${key} may be the key of a lost run; nothing was started`,
    { next: NEXT_FOR_LOST_ENTRIES, data: { lost: lost.map(({ runId }) => runId) } },
  )
}

/** STORE_TAMPERED for a run that `var/runs` knows up to entry `seq`, and the store does not. */
export function lostRunError(runId: string, seq: number): CutterError {
  return new CutterError(
    'STORE_TAMPERED',
    `the store has no run ${runId}, but var/runs knows it up to entry ${seq}: the store is an older copy, or was rewritten`,
    {
      next: `restore a backup that contains the run; if it is lost, read var/runs/${runId} for what it did, move that folder away, and remove the lines of the run from var/runs/heads`,
      data: { runId },
    },
  )
}
