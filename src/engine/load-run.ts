import { findAbandonment } from '../domain/begun-writes.ts'
import { CutterError, noSuchRunError, tamperedRunError } from '../domain/errors.ts'
import { ENGINE } from '../domain/history-facts.ts'
import { lostRunError } from '../domain/lost-entries.ts'
import { findLostEvidence } from '../domain/lost-evidence.ts'
import type { Run } from '../domain/run.ts'
import type { ResumableRun, StoredRun } from '../store/run-store.ts'
import { assertNotOnHold } from './check-hold.ts'
import { findRecordFault } from './check-run-record.ts'
import type { CheckedRuns } from './checked-runs.ts'
import type { EngineDeps, InstalledMachine, Reports } from './engine-deps.ts'
import { abandonHint } from './way-out.ts'

/** Loading a run needs no chart and no ssh-keygen, so that a command that only reads runs starts quickly. */
type LoadDeps = Pick<EngineDeps, 'store' | 'checkRecords'> & {
  reports?: Pick<Reports, 'lastSeen'>
  checked?: CheckedRuns
}

interface LoadOptions {
  /** Also a run that has lost evidence is loaded, because it is to be abandoned. All else of its record must hold. */
  acceptsLost?: boolean
}

/** A run with the rows that moving it from a gate needs, and its record where the record was checked. */
export interface RunWithApprovals extends ResumableRun {
  record: StoredRun | null
}

/** A run that may be resumed: its record holds, and no hold binds it. Only `loadForResume` makes one. */
export interface LoadedRun extends RunWithApprovals {
  readonly isCheckedForResume: true
}

/**
 * Loads a run by its full id and checks its record.
 * @throws RUN_NOT_FOUND when no run has the id
 * @throws STORE_TAMPERED with the first thing in its record that does not hold
 */
export async function loadRun(deps: LoadDeps, id: string, options: LoadOptions = {}): Promise<Run> {
  if (deps.checkRecords !== false) return (await loadRunRecord(deps, id, options)).run
  const run = await deps.store.run(id)
  if (run === null) throw noSuchRunError(id)
  return run
}

/**
 * Loads a run as `loadRun` does, with its approvals and timers.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 */
export async function loadRunWithApprovals(
  deps: LoadDeps,
  id: string,
  options: LoadOptions = {},
): Promise<RunWithApprovals> {
  if (deps.checkRecords !== false) {
    const record = await loadRunRecord(deps, id, options)
    return { ...record, byPeople: record.history.filter(({ by }) => by !== ENGINE), record }
  }
  const found = await deps.store.resumableRun(id)
  if (found === null) throw noSuchRunError(id)
  return { ...found, record: null }
}

/**
 * Loads a run that is to be resumed. Its record and the hold are checked here, and nowhere else on the way to `Engine.resume`.
 * `beforeHold` gets the run once its record is checked: what it does happens also when a hold binds the run.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 * @throws ON_HOLD when a hold binds the run; a closed run is never bound
 */
export async function loadForResume(
  deps: LoadDeps,
  id: string,
  beforeHold: (run: Run) => Promise<void> = async () => {},
): Promise<LoadedRun> {
  const loaded = await loadRunWithApprovals(deps, id)
  await beforeHold(loaded.run)
  await assertNotOnHold(deps, loaded.run)
  return { ...loaded, isCheckedForResume: true }
}

/**
 * Loads the record of a run and checks that it holds together. The reports of the run are read before the store: an entry that they show is
 * saved by then, even if another process moves the run in the meantime. With `checked` the record lacks the bytes of evidence that was checked
 * before.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 */
export async function loadRunRecord(
  deps: LoadDeps,
  id: string,
  { acceptsLost = false }: LoadOptions = {},
): Promise<StoredRun> {
  const { store, reports } = deps
  const checked = acceptsLost ? undefined : deps.checked
  const seen = (await reports?.lastSeen(id)) ?? null
  const known = checked?.history(id) ?? []
  const read = await store.storedRun(id, known.length)
  if (read === null) {
    if (seen !== null) throw lostRunError(id, seen.seq)
    throw noSuchRunError(id)
  }
  const record = known.length === 0 ? read : { ...read, history: known.concat(read.history) }
  const { history, evidence, contents } = record
  const lost = acceptsLost
    ? findLostEvidence(history, evidence, contents)
    : (findAbandonment(history)?.lostEvidence ?? [])
  const fault = findRecordFault(record, seen, { checked: known.length, lost })
  if (fault === null) {
    checked?.keep(record)
    return record
  }
  checked?.forget(id)
  // The store may have been replaced since, and then the complete record tells what holds.
  if (known.length > 0) return loadRunRecord({ store, ...(reports && { reports }) }, id)
  const isAbandonable =
    record.run.status !== 'closed' &&
    findRecordFault(record, seen, { lost: findLostEvidence(history, evidence, contents) }) === null
  throw tamperedRunError(id, fault, isAbandonable ? abandonHint(id) : undefined)
}

/** Finds the machine of a run. Null when it is not available: its module is missing, broken or another than the run recorded. */
export async function findInstalled(
  { installed }: Pick<EngineDeps, 'installed'>,
  run: Run,
  acceptsUpgrade = false,
): Promise<InstalledMachine | null> {
  try {
    return await installed(run.machine, run, acceptsUpgrade)
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}
