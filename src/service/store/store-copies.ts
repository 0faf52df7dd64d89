import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { storeFile } from '../../app/open-store.ts'
import { migrationsDirectory } from '../../app/package-paths.ts'
import { findHeadWitness } from '../../app/run-reports.ts'
import { writeNewFile } from '../../bundle/write-new-file.ts'
import { CutterError } from '../../domain/errors.ts'
import type { HoldInForce } from '../../domain/hold.ts'
import { loadRunRecord } from '../../engine/load-run.ts'
import { reportsRoot } from '../../reports/report-folder.ts'
import type { RunStore } from '../../store/run-store.ts'
import { copyDatabase } from '../../store/sqlite/copy-database.ts'
import { openRunStore } from '../../store/sqlite/open-run-store.ts'
import { removeJournal, replaceDatabase } from '../../store/sqlite/replace-database.ts'

/** Copies of a store, away from it and back: each counts only once it was opened and every run in it found whole. */

export interface StoreExamination {
  runs: number
  entries: number
  /** What does not hold, a sentence each: such a run stays refused wherever the copy lies. */
  faults: string[]
}

export interface StoreCopy extends StoreExamination {
  file: string
  bytes: number
  sha256: string
}

/** Writes a copy of the home's store, as it is at one moment, whoever works with it. Throws INPUT_REFUSED where the file exists. */
export async function copyStore(home: string, file: string): Promise<StoreCopy> {
  let examined: StoreExamination = { runs: 0, entries: 0, faults: [] }
  await writeNewFile(file, async (unfinished) => {
    copyDatabase(storeFile(home), unfinished)
    examined = await examine(unfinished)
    removeJournal(unfinished)
  })
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  return { file, bytes: statSync(file).size, sha256, ...examined }
}

export interface StoreReplacement extends StoreExamination {
  file: string
  /** Where the store lies now that was there before; null when there was none. */
  replaced: string | null
  /** Runs that were further on than the copy has them, as their reports show. They are refused from now on. */
  behind: { runId: string; why: string }[]
}

/**
 * Puts a backup in the place of the home's store. Refuses, with nothing changed: what is no store or does not read, one that would
 * take entries away (unless told to), and while another process has the present store open. The execution switch is off afterwards.
 */
export async function replaceStore(
  home: string,
  from: string,
  { discardNewer, at, by }: { discardNewer: boolean; at: Date; by: string },
): Promise<StoreReplacement> {
  const file = storeFile(home)
  const copy = `${file}.restoring`
  try {
    // A store that was copied as files has its newest steps in its journal.
    for (const end of ['', '-wal'])
      if (end === '' || existsSync(`${from}${end}`)) copyFileSync(`${from}${end}`, `${copy}${end}`)
    const examined = await examine(copy)
    if (!discardNewer) await refuseLoss(file, copy, from)
    const stamp = at.toISOString().replace(/[-:.]/g, '')
    const old = existsSync(file) ? `${file}.replaced-${stamp}` : null
    const hold = existsSync(file) ? await withStore(file, (store) => store.hold()).catch(() => null) : null
    await withStore(copy, (store) => settle(store, hold, { at: at.toISOString(), by }))
    replaceDatabase(copy, file, old ?? '')
    return { file, replaced: old, ...examined, behind: await behindTheirReports(home) }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (error instanceof CutterError && code !== 'STORE_CORRUPT' && code !== 'STORE_NEWER') throw error
    const told = error instanceof CutterError ? error.code : 'INPUT_REFUSED'
    throw new CutterError(told, `${from} can't be restored: ${message.replaceAll(copy, from)}`, {
      next: 'name a file that cutter store backup made',
      cause: error,
    })
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(`${copy}${end}`, { force: true })
  }
}

async function examine(file: string): Promise<StoreExamination> {
  return withStore(file, async (store) => {
    const [page] = await store.check()
    if (page !== undefined) throw new CutterError('STORE_CORRUPT', `a page of ${file} does not read: ${page}`)
    const faults: string[] = []
    const runs = await store.list({
      limit: Number.MAX_SAFE_INTEGER,
      onTampered: ({ message }) => void faults.push(message),
    })
    let entries = 0
    for (const { runId } of runs) {
      const record = await loadRunRecord({ store }, runId).catch(faultInto(faults))
      entries += record?.history.length ?? 0
    }
    return { runs: runs.length, entries, faults }
  })
}

/** What was allowed when a backup was made is not allowed now, and a hold that is on stays on. */
async function settle(
  store: RunStore,
  hold: HoldInForce | null,
  who: { at: string; by: string },
): Promise<void> {
  const reason = 'the store was restored from a backup'
  if ((await store.executionSwitch())?.enabled)
    await store.setExecutionSwitch({ enabled: false, until: null, reason, ...who })
  if (hold !== null && (await store.hold()) === null)
    await store.recordHold({
      kind: 'on',
      runId: null,
      reason: `${hold.reason} (kept over a restore)`,
      ...who,
    })
}

const faultInto = (faults: string[]) => (error: unknown) => {
  if (!(error instanceof CutterError)) throw error
  faults.push(error.message)
  return null
}

/** A store that can still be read and has what the copy lacks is not thrown away by a mistyped name. */
async function refuseLoss(file: string, copy: string, from: string): Promise<void> {
  if (!existsSync(file)) return
  const heads = await withStore(file, headsOf).catch(() => [])
  const lost = await withStore(copy, async (store) => {
    const found: string[] = []
    for (const { runId, seq, head } of heads) {
      if ((await store.history(runId))[seq - 1]?.hash !== head) found.push(runId)
    }
    return found
  })
  if (lost.length === 0) return
  throw new CutterError(
    'STORE_CONFLICT',
    `${from} lacks what the store here holds of ${lost.length} ${lost.length === 1 ? 'run' : 'runs'} (${lost.slice(0, 5).join(', ')}${lost.length > 5 ? ' …' : ''}); nothing was changed`,
    {
      next: `keep the store; or, if those entries are to go: cutter store restore ${from} --discard-newer`,
      data: { lost },
    },
  )
}

async function headsOf(store: RunStore): Promise<{ runId: string; seq: number; head: string }[]> {
  const runs = await store.list({ limit: Number.MAX_SAFE_INTEGER, onTampered: () => {} })
  return runs.map(({ runId, seq, head }) => ({ runId, seq, head }))
}

async function behindTheirReports(home: string): Promise<StoreReplacement['behind']> {
  const folder = reportsRoot(home)
  const reported = existsSync(folder) ? readdirSync(folder) : []
  const reports = { lastSeen: async (id: string) => findHeadWitness(home, id) }
  return withStore(storeFile(home), async (store) => {
    const behind: StoreReplacement['behind'] = []
    for (const runId of reported.filter((name) => findHeadWitness(home, name) !== null)) {
      const why: string[] = []
      await loadRunRecord({ store, reports }, runId).catch(faultInto(why))
      if (why.length > 0) behind.push({ runId, why: why[0]! })
    }
    return behind
  })
}

async function withStore<T>(file: string, work: (store: RunStore) => Promise<T>): Promise<T> {
  const store = openRunStore({ file, migrationsDirectory: migrationsDirectory('store/sqlite') })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
