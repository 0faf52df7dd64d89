import { CutterError } from '../domain/errors.ts'
import type { HeadWitness } from '../domain/head-witness.ts'
import type { LostEntries } from '../domain/lost-entries.ts'
import { readLoggedHeads, readNewestHeads } from '../reports/head-log.ts'
import type { RunStore } from '../store/run-store.ts'

/**
 * Finds what the store of a home has lost, by `var/runs/heads`, which is read before the store: no line is written before its entry is
 * saved. Entries that are lost with a journal are the newest ones, so the end of the log shows them.
 * `all`: by each line of the log, which takes time for many runs.
 */
export async function findLostEntries(
  home: string,
  store: Pick<RunStore, 'run' | 'prunedLike'>,
  { all = false } = {},
): Promise<LostEntries[]> {
  const heads = readHeads(() => (all ? readLoggedHeads(home) : readNewestHeads(home)))
  const lost: LostEntries[] = []
  for (const [runId, witness] of heads) {
    const found = await findLoss(store, runId, witness)
    if (found !== null) lost.push(found)
  }
  return lost
}

/** Another user may read the store and not `var/runs`. */
function readHeads(read: () => Map<string, HeadWitness>): Map<string, HeadWitness> {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return new Map()
    throw error
  }
}

/** A run whose record does not hold is named by whoever loads it. It must not keep the others from being found. */
function damagedRun(error: unknown): undefined {
  if (error instanceof CutterError && error.code === 'STORE_TAMPERED') return undefined
  throw error
}

/** A run that has gone beyond the entry is judged by its complete record, when it is loaded. */
async function findLoss(
  store: Pick<RunStore, 'run' | 'prunedLike'>,
  runId: string,
  { seq, head }: HeadWitness,
): Promise<LostEntries | null> {
  const run = await store.run(runId).catch(damagedRun)
  if (run === undefined) return null
  if (run === null) return (await store.prunedLike(runId)).length > 0 ? null : { runId, seq, has: null }
  if (run.seq > seq || (run.seq === seq && run.head === head)) return null
  return { runId, seq, has: run.seq }
}
