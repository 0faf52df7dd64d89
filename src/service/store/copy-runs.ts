import { CutterError } from '../../domain/errors.ts'
import type { HoldInForce } from '../../domain/hold.ts'
import type { RunStore } from '../../store/run-store.ts'
import type { Row } from '../../store/sqlite/row.ts'
import {
  digestOfCopy,
  readCopiedRun,
  SHARED_TABLES,
  type SharedTable,
  type StoreCopier,
} from '../../store/store-copier.ts'

/** One of the two stores of a move. */
export interface Side {
  store: RunStore
  copier: StoreCopier
}

/** What `store move --json` prints. */
export interface StoreMove {
  to: 'postgres' | 'sqlite'
  /** Where the runs are now, and where they were: a file, or the variable with the URL of a database. `old` is null where there was no file. */
  store: string
  old: string | null
  /** Runs and entries that the new store has and the old one had. */
  runs: number
  entries: number
  /** Runs that this call copied. Others were there from an earlier call. */
  moved: number
  /** Runs whose record does not hold. They are in the old store alone. */
  left: string[]
  /** What is left to do; null where nothing is. */
  next: string | null
}

/** Why a database that was left is on hold. */
export const MOVE_HOLD = 'the runs of this store move into a file: cutter store move'
export const isMoveHold = (hold: HoldInForce | null): boolean => hold?.reason === MOVE_HOLD

/**
 * Copies all runs but those in `left`, and what belongs to no run, and compares each copy with its original. A run that is there already is compared
 * alone.
 * @throws STORE_CONFLICT when the new store has another state of a run, KEY_REUSED when another run of it has its key
 */
export async function copyRuns(
  from: Side,
  into: Side,
  { left, interrupt }: { left: Set<string>; interrupt: AbortSignal },
): Promise<Pick<StoreMove, 'runs' | 'entries' | 'moved' | 'left'>> {
  const there = await into.copier.marks()
  const counts = { runs: 0, entries: 0, moved: 0 }
  for (const runId of (await from.copier.marks()).keys()) {
    if (left.has(runId)) continue
    // What is there stays: another call continues.
    if (interrupt.aborted) throw new Error('interrupted')
    const run = (await readCopiedRun(from.store, runId))!
    const digest = digestOfCopy(run)
    if (!there.has(runId) || (await digestIn(into, runId)) !== digest) {
      await into.copier.saveRun(run)
      counts.moved++
      if ((await digestIn(into, runId)) !== digest) throw differsError(runId)
    }
    counts.runs++
    counts.entries += run.history.length
  }
  for (const table of Object.keys(SHARED_TABLES) as SharedTable[]) await copyRows(from, into, table, left)
  return { ...counts, left: [...left] }
}

/** Null for a run that is there in part. */
async function digestIn({ store }: Side, runId: string): Promise<string | null> {
  try {
    const run = await readCopiedRun(store, runId)
    return run && digestOfCopy(run)
  } catch (error) {
    if (error instanceof CutterError && error.code === 'STORE_TAMPERED') return null
    throw error
  }
}

async function copyRows(from: Side, into: Side, table: SharedTable, left: Set<string>): Promise<void> {
  const rows = (await from.copier.rows(table)).filter(
    ({ run_id, reason }) => !left.has(run_id as string) && !(table === 'holds' && reason === MOVE_HOLD),
  )
  if (SHARED_TABLES[table].isKeyed) return into.copier.saveRows(table, rows)
  const there = await into.copier.rows(table)
  const isSame = (row: Row, index: number) => JSON.stringify(row) === JSON.stringify(rows[index])
  if (there.every(isSame)) return into.copier.saveRows(table, rows.slice(there.length))
  // Another home has decided here. Its execution switch stays, and a hold of either one holds.
  const hold = await from.store.hold()
  if (table === 'holds' && hold !== null && !isMoveHold(hold) && (await into.store.hold()) === null)
    await into.copier.saveRows(table, rows.slice(rows.findLastIndex(({ kind }) => kind === 'on')))
}

const differsError = (runId: string) =>
  new CutterError(
    'STORE_CONFLICT',
    `the copy of run ${runId} is not the same as its original; the old store is as it was`,
    { next: 'move into an empty store, and report this: cutter store check' },
  )
