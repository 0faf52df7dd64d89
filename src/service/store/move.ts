import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { readMovedStore, removeMovedStore, writeMovedStore } from '../../app/moved-store.ts'
import { databaseOptions, openDatabaseStore } from '../../app/open-database-store.ts'
import type { Home } from '../../app/open-home.ts'
import { storeFile } from '../../app/open-store.ts'
import { osUser } from '../../app/os-user.ts'
import { migrationsDirectory } from '../../app/package-paths.ts'
import type { StoreSetting } from '../../config/store-schema.ts'
import { systemClock } from '../../domain/clock.ts'
import { CutterError } from '../../domain/errors.ts'
import { loadRunRecord } from '../../engine/load-run.ts'
import { readHolder, tryLock, unlock } from '../../locks/with-lock.ts'
import { openCopier as openDatabaseCopier } from '../../store/postgres/copy-runs.ts'
import { openCopier as openFileCopier } from '../../store/sqlite/copy-runs.ts'
import { openRunStore } from '../../store/sqlite/open-run-store.ts'
import { assertAlone } from '../../store/sqlite/replace-database.ts'
import { serviceFiles, serviceRunningError } from '../access/service-lock.ts'
import { copyRuns, isMoveHold, MOVE_HOLD, type Side, type StoreMove } from './copy-runs.ts'
import { describeLostRuns } from './lost-runs.ts'

export interface MoveStoreInput {
  /** `postgres` or `sqlite`. */
  to: string
  /** Move although the record of some runs does not hold: those stay in the old store. */
  leaveFaulty: boolean
}

/** What a database is called where cutter.yaml does not say it. */
const DEFAULT: StoreSetting = {
  url: { env: 'CUTTER_STORE_URL' },
  owner: { env: 'CUTTER_STORE_OWNER_URL' },
  commits: 'replicated',
}

/**
 * Copies all runs of a home into the other kind of store, and compares each copy with its original. The old store stays as it is, and is refused from
 * then on. A move that was interrupted continues where it was.
 * @throws USAGE, SERVICE_RUNNING, STORE_CONFLICT while another process works on the old store, or when runs of it do not hold
 * @throws CONFIG_INVALID, STORE_UNWRITABLE when a store can’t be used, INPUT_REFUSED when there is nothing to move
 */
export async function moveStore(home: Home, { to, leaveFaulty }: MoveStoreInput): Promise<StoreMove> {
  if (to !== 'postgres' && to !== 'sqlite')
    throw new CutterError('USAGE', `--to ${to} is no kind of store`, {
      next: 'use --to postgres or --to sqlite',
    })
  const { lock, address } = serviceFiles(home.folder)
  mkdirSync(dirname(lock), { recursive: true, mode: 0o711 })
  // No service starts while runs move, and no second move.
  if (!tryLock(lock))
    throw existsSync(address) ? serviceRunningError(home.folder, 'moved') : movingError(lock)
  try {
    return await moveTo(home, to, leaveFaulty)
  } finally {
    unlock(lock)
  }
}

async function moveTo(home: Home, to: 'postgres' | 'sqlite', leaveFaulty: boolean): Promise<StoreMove> {
  const { store: setting, approvals } = await home.config()
  if (to === 'postgres') return moveIntoDatabase(home, setting ?? DEFAULT, leaveFaulty)
  if (setting === undefined) return stayWithFile(home)
  // A store says which runs have passed their gates, and whoever runs this names the database.
  if (approvals.strict === 'owner' && (process.geteuid?.() ?? 0) !== 0)
    throw new CutterError(
      'FILES_UNSAFE',
      'with approvals.strict: owner only root may bring runs here; nothing was moved',
      {
        next: 'run it as root, once you know where the database is from',
      },
    )
  return moveIntoFile(home, setting, leaveFaulty)
}

async function moveIntoDatabase(home: Home, setting: StoreSetting, leaveFaulty: boolean): Promise<StoreMove> {
  const { folder, env } = home
  const file = storeFile(folder)
  if (!existsSync(file)) throw nothingError(`this home has no ${file}`)
  const before = readMovedStore(folder)
  if (before?.state === 'moved') throw nothingError(`the runs of this home moved at ${before.at}`)
  const into = await openDatabase(setting, env)
  try {
    const marker = { variable: setting.url.env, at: systemClock.now().toISOString(), by: osUser() }
    writeMovedStore(folder, { state: 'moving', ...marker })
    let isBegun = before !== null
    try {
      // Whoever opened the file before the marker was there still works on it.
      assertAlone(file)
      const from = openFile(file)
      try {
        const left = await assertSound(from, leaveFaulty)
        isBegun = true
        const copied = await copyRuns(from, into, { left, interrupt: home.interrupt })
        writeMovedStore(folder, { state: 'moved', ...marker })
        const next = `write into cutter.yaml: store: { url: { env: ${setting.url.env} } }`
        const isNamed = (await home.config()).store !== undefined
        return { to: 'postgres', store: setting.url.env, old: file, ...copied, next: isNamed ? null : next }
      } finally {
        await close(from)
      }
    } catch (error) {
      if (!isBegun) removeMovedStore(folder)
      throw error
    }
  } finally {
    await close(into)
  }
}

async function moveIntoFile(home: Home, setting: StoreSetting, leaveFaulty: boolean): Promise<StoreMove> {
  const { folder, env } = home
  if (readMovedStore(folder)?.state === 'moving')
    throw new CutterError(
      'STORE_CONFLICT',
      'the runs of this home have not all moved to PostgreSQL; nothing was moved',
      {
        next: 'cutter store move --to postgres',
      },
    )
  const file = storeFile(folder)
  const from = await openDatabase(setting, env)
  try {
    const at = systemClock.now().toISOString()
    const left = await assertSound(from, leaveFaulty)
    await assertUnclaimed(from, at)
    // Other hosts see it, and it stays on there: nobody works on what was left.
    if (!isMoveHold(await from.store.hold()))
      await from.store.recordHold({ kind: 'on', runId: null, reason: MOVE_HOLD, by: osUser(), at })
    const marks = await from.copier.marks()
    const into = openFile(`${file}.moving`)
    try {
      const copied = await copyRuns(from, into, { left, interrupt: home.interrupt })
      await assertUnclaimed(from, systemClock.now().toISOString())
      await assertUnmoved(marks, from)
      await close(into)
      const old = existsSync(file) ? `${file}.before-move-${at.replace(/[-:.]/g, '')}` : null
      if (old !== null) {
        assertAlone(file)
        renameSync(file, old)
      }
      renameSync(`${file}.moving`, file)
      removeMovedStore(folder)
      return {
        to: 'sqlite',
        store: file,
        old: setting.url.env,
        ...copied,
        next: 'remove store from cutter.yaml',
      }
    } finally {
      await close(into)
    }
  } finally {
    await close(from)
  }
}

/** Ends a move into a database that nobody has worked on yet: the file has all runs. */
async function stayWithFile({ folder, env }: Home): Promise<StoreMove> {
  const moved = readMovedStore(folder)
  if (moved === null)
    throw nothingError(
      'cutter.yaml names no store in PostgreSQL, so that the runs of this home are in a file already',
    )
  if (moved.state === 'moved')
    throw nothingError(
      `the runs of this home moved at ${moved.at}, and cutter.yaml does not name their store`,
      `write into cutter.yaml: store: { url: { env: ${moved.variable} } }, and run this again`,
    )
  const into = await openDatabase({ ...DEFAULT, url: { env: moved.variable } }, env)
  const from = openFile(storeFile(folder))
  try {
    await assertUnmoved(await from.copier.marks(), into)
    removeMovedStore(folder)
    const none = { runs: 0, entries: 0, moved: 0, left: [] }
    return { to: 'sqlite', store: storeFile(folder), old: moved.variable, ...none, next: null }
  } finally {
    await close(from)
    await close(into)
  }
}

const openFile = (file: string): Side => {
  const options = { file, migrationsDirectory: migrationsDirectory('store/sqlite') }
  return { store: openRunStore(options), copier: openFileCopier(options) }
}

async function openDatabase(setting: StoreSetting, env: NodeJS.ProcessEnv): Promise<Side> {
  return {
    copier: await openDatabaseCopier(databaseOptions(setting, env)),
    store: openDatabaseStore(setting, env),
  }
}

async function close({ store, copier }: Side): Promise<void> {
  await copier.close()
  await store.close()
}

/** The ids of the runs that can’t be moved, because their record does not hold. */
async function assertSound({ store, copier }: Side, leaveFaulty: boolean): Promise<Set<string>> {
  const faults = await describeLostRuns(store, { all: true })
  const left = new Set<string>()
  for (const runId of (await copier.marks()).keys()) {
    const fault = await loadRunRecord({ store }, runId).then(
      () => null,
      (error) => error,
    )
    if (fault === null) continue
    if (!(fault instanceof CutterError)) throw fault
    left.add(runId)
    faults.push(fault.message)
  }
  if (faults.length === 0 || leaveFaulty) return left
  throw new CutterError(
    'STORE_CONFLICT',
    `${faults.length} ${faults.length === 1 ? 'run' : 'runs'} of the store can’t be trusted, so that nothing was moved: ${faults[0]}`,
    {
      next: 'cutter store check names them; to leave them in the old store: add --leave-faulty',
      data: { faults },
    },
  )
}

async function assertUnclaimed({ copier }: Side, at: string): Promise<void> {
  const [claimed] = await copier.claimedRuns(at)
  if (claimed === undefined) return
  throw new CutterError(
    'STORE_CONFLICT',
    `a process works on run ${claimed.runId}, and has it until ${claimed.until}; nothing was moved`,
    { next: 'end all services that use the database, wait until then, and run this again' },
  )
}

/** Compares the runs of a store with what they were: it may lack some, and have none that changed. */
async function assertUnmoved(marks: Map<string, string>, { copier }: Side): Promise<void> {
  for (const [runId, mark] of await copier.marks()) {
    if (marks.get(runId) === mark) continue
    throw new CutterError(
      'STORE_CONFLICT',
      `run ${runId} of the database was changed by another process meanwhile; the old store is as it was`,
      { next: 'end all services that use the database, and run this again' },
    )
  }
}

const movingError = (lock: string) =>
  new CutterError(
    'STORE_CONFLICT',
    `process ${readHolder(lock)?.pid ?? 'unknown'} moves the runs of this home already; nothing was moved`,
    { next: 'wait for it; a move that was interrupted continues with the same command' },
  )

const nothingError = (why: string, next = 'cutter doctor') =>
  new CutterError('INPUT_REFUSED', `${why}; nothing was moved`, { next })
