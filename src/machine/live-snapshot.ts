import type { Run } from '../domain/run.ts'
import type { LocatedSnapshot } from './read-snapshot.ts'

/**
 * The live snapshot of a run, kept on the run object that was made from it. It saves restoring the snapshot between the steps of one
 * process. It is not part of the run's JSON. Its digest shows when it belongs to another step. A WeakMap took a third of the time of a
 * step.
 */
const LIVE = Symbol('live snapshot')

interface LiveSnapshot {
  digest: string
  located: LocatedSnapshot
}

type Holder = { [LIVE]?: LiveSnapshot }

/**
 * Keeps the live snapshot on the run that was made from it. `findLiveSnapshot` returns it as long as the run has that snapshot's digest.
 */
export function keepLiveSnapshot(run: Run, located: LocatedSnapshot): void {
  ;(run as Holder)[LIVE] = { digest: run.snapshotDigest, located }
}

/** The live snapshot of a run; null when the run was read from a store, or is another step's. */
export function findLiveSnapshot(run: Run): LocatedSnapshot | null {
  const live = (run as Holder)[LIVE]
  return live !== undefined && live.digest === run.snapshotDigest ? live.located : null
}
