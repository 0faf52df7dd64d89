import { CutterError } from '../domain/errors.ts'
import { ENGINE } from '../domain/history-facts.ts'
import type { Run } from '../domain/run.ts'
import { tamperedRunError } from '../domain/tampered-run-error.ts'
import type { ResumableRun, StoredRun } from '../store/run-store.ts'
import { findRecordFault } from './check-run-record.ts'
import type { EngineDeps, InstalledMachine, Reports } from './engine-deps.ts'

type Parts = Pick<EngineDeps, 'store' | 'checkRecords'> & { reports?: Pick<Reports, 'lastSeen'> }

/**
 * A run by its id, after all that is kept of it was found to hold together. Throws STORE_TAMPERED with the first thing that
 * does not.
 */
export async function loadRun(parts: Parts, id: string): Promise<Run> {
  if (parts.checkRecords !== false) return (await loadRunRecord(parts, id)).run
  const run = await parts.store.run(id)
  if (run === null) throw unknown(id)
  return run
}

/** The same, with all that taking it up from where it rests needs; and its record, where that was looked at. */
export async function loadForResume(
  parts: Parts,
  id: string,
): Promise<ResumableRun & { record: StoredRun | null }> {
  if (parts.checkRecords !== false) {
    const record = await loadRunRecord(parts, id)
    return { ...record, byPeople: record.history.filter(({ by }) => by !== ENGINE), record }
  }
  const taken = await parts.store.takeUp(id)
  if (taken === null) throw unknown(id)
  return { ...taken, record: null }
}

export async function loadRunRecord({ store, reports }: Parts, id: string): Promise<StoredRun> {
  // Before the store is read: an entry that the reports show is saved by then, whoever moves the run meanwhile.
  const seen = (await reports?.lastSeen(id)) ?? null
  const record = await store.whole(id)
  if (record === null) {
    if (seen !== null) throw lostRunError(id, seen.seq)
    throw unknown(id)
  }
  const fault = findRecordFault(record, seen)
  if (fault !== null) throw tamperedRunError(id, fault)
  return record
}

const unknown = (id: string) =>
  new CutterError('RUN_NOT_FOUND', `there is no run ${id} here`, { next: 'cutter run list' })

/** The reports know a run that the store does not. */
export function lostRunError(id: string, seq: number): CutterError {
  return new CutterError(
    'STORE_TAMPERED',
    `the store has no run ${id}, but there are reports of it up to entry ${seq}: the store is an older copy, or was rewritten`,
    {
      next: `put back a store that knows it; or read var/runs/${id} for what it did, then move that folder away`,
      data: { runId: id },
    },
  )
}

/** A machine, or null where it can't be had: its module is gone or broken. */
export async function findInstalled(
  { installed }: Pick<EngineDeps, 'installed'>,
  name: string,
): Promise<InstalledMachine | null> {
  try {
    return await installed(name)
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}
