import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, createReadStream, existsSync, rmSync, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { storeFile } from '../../app/open-store.ts'
import { migrationsDirectory } from '../../app/package-paths.ts'
import { findHeadWitness, listWitnessedRuns } from '../../app/run-reports.ts'
import { writeNewFile } from '../../bundle/write-new-file.ts'
import { CutterError } from '../../domain/errors.ts'
import type { HoldInForce } from '../../domain/hold.ts'
import type { Token } from '../../domain/token.ts'
import { loadRunRecord } from '../../engine/load-run.ts'
import { eachRun } from '../../store/each-run.ts'
import type { RunStore } from '../../store/run-store.ts'
import { copyDatabase } from '../../store/sqlite/copy-database.ts'
import { openRunStore } from '../../store/sqlite/open-run-store.ts'
import { removeJournal, replaceDatabase } from '../../store/sqlite/replace-database.ts'
import { describeLostRuns } from './lost-runs.ts'

/** Copies of a store. A copy counts only after it was opened and every run in it was checked. */

interface StoreExamination {
  runs: number
  entries: number
  /** A sentence for each run that does not hold. Such a run is refused in every copy. */
  faults: string[]
}

export interface StoreCopy extends StoreExamination {
  file: string
  bytes: number
  sha256: string
}

/**
 * Writes a copy of the home's store as it is at one moment, while other processes may use the store.
 *
 * @throws INPUT_REFUSED when the file exists or can't be written, STORE_CORRUPT when a page of the copy can't be read.
 */
export async function copyStore(home: string, file: string): Promise<StoreCopy> {
  let examined: StoreExamination = { runs: 0, entries: 0, faults: [] }
  await writeNewFile(file, async (unfinished) => {
    copyDatabase(storeFile(home), unfinished)
    examined = await examine(unfinished)
    removeJournal(unfinished)
  })
  // A store may be larger than a buffer can be.
  const sum = createHash('sha256')
  await pipeline(createReadStream(file), sum)
  return { file, bytes: statSync(file).size, sha256: sum.digest('hex'), ...examined }
}

export interface StoreReplacement extends StoreExamination {
  file: string
  /** The path of the earlier store; null when there was none. */
  replaced: string | null
  /** Runs of which the copy lacks entries, as their reports show. They are refused from now on. */
  behind: { runId: string; why: string }[]
}

/**
 * Replaces the home's store by a backup. The execution switch is off afterwards, and a hold stays on. Nothing is changed when it throws.
 *
 * @throws INPUT_REFUSED, STORE_CORRUPT or STORE_NEWER when the file is not a readable store.
 * @throws STORE_CONFLICT when entries would be lost (unless `discardNewer`), or while another process has the present store open.
 */
export async function replaceStore(
  home: string,
  from: string,
  { discardNewer, at, by }: { discardNewer: boolean; at: Date; by: string },
): Promise<StoreReplacement> {
  const file = storeFile(home)
  const copy = `${file}.restoring`
  try {
    // A store that was copied as files has its newest steps in its WAL.
    for (const end of ['', '-wal']) {
      if (end !== '' && !existsSync(`${from}${end}`)) continue
      copyFileSync(`${from}${end}`, `${copy}${end}`)
      // The backup may be readable for others: with strict: owner it belongs to root.
      chmodSync(`${copy}${end}`, 0o600)
    }
    const examined = await examine(copy)
    if (!discardNewer) await assertNoLoss(file, copy, from)
    const stamp = at.toISOString().replace(/[-:.]/g, '')
    const old = existsSync(file) ? `${file}.replaced-${stamp}` : null
    const hold = existsSync(file) ? await withStore(file, (store) => store.hold()).catch(() => null) : null
    const tokens = existsSync(file) ? await withStore(file, (store) => store.tokens()).catch(() => []) : []
    await withStore(copy, (store) => settle(store, { hold, tokens }, { at: at.toISOString(), by }))
    replaceDatabase(copy, file, old ?? '')
    return { file, replaced: old, ...examined, behind: await findRunsBehindReports(home) }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (error instanceof CutterError && code !== 'STORE_CORRUPT' && code !== 'STORE_NEWER') throw error
    const errorCode = error instanceof CutterError ? error.code : 'INPUT_REFUSED'
    throw new CutterError(errorCode, `${from} can't be restored: ${message.replaceAll(copy, from)}`, {
      next: 'name a file that cutter store backup wrote',
      cause: error,
    })
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(`${copy}${end}`, { force: true })
  }
}

async function examine(file: string): Promise<StoreExamination> {
  return withStore(file, async (store) => {
    const [page] = await store.check()
    if (page !== undefined) throw new CutterError('STORE_CORRUPT', `a page of ${file} can't be read: ${page}`)
    const { faults, ...counts } = await examineStore(store)
    return { ...counts, faults: [...(await describeLostRuns(store, { all: true })), ...faults] }
  })
}

/** Checks the record of every run in a store. */
export async function examineStore(store: RunStore): Promise<StoreExamination> {
  const faults: string[] = []
  const counts = { runs: 0, entries: 0 }
  for await (const { runId } of eachRun(store, { onTampered: ({ message }) => void faults.push(message) })) {
    const record = await loadRunRecord({ store }, runId).catch(collectFault(faults))
    counts.runs++
    counts.entries += record?.history.length ?? 0
  }
  return { ...counts, faults }
}

/**
 * Switches live execution off, because the backup may have allowed it, and keeps a hold that is on. Of the tokens only those count that
 * count in the present store: one that was revoked since the backup stays revoked.
 */
async function settle(
  store: RunStore,
  { hold, tokens }: { hold: HoldInForce | null; tokens: Token[] },
  who: { at: string; by: string },
): Promise<void> {
  const reason = 'the store was restored from a backup'
  if ((await store.executionSwitch())?.enabled)
    await store.setExecutionSwitch({ enabled: false, until: null, reason, ...who })
  const isCounting = ({ tokenId }: Token) =>
    tokens.some((known) => known.tokenId === tokenId && known.revokedAt === null)
  for (const token of await store.tokens())
    if (token.revokedAt === null && !isCounting(token)) await store.revokeToken(token.tokenId, who)
  if (hold !== null && (await store.hold()) === null)
    await store.recordHold({
      kind: 'on',
      runId: null,
      reason: `${hold.reason} (kept over a restore)`,
      ...who,
    })
}

const collectFault = (faults: string[]) => (error: unknown) => {
  if (!(error instanceof CutterError)) throw error
  faults.push(error.message)
  return null
}

/** Refuses a copy that lacks entries of a readable store, so that a mistyped name loses nothing. */
async function assertNoLoss(file: string, copy: string, from: string): Promise<void> {
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
    `${from} lacks entries of ${lost.length} ${lost.length === 1 ? 'run' : 'runs'} of the present store (${lost.slice(0, 5).join(', ')}${lost.length > 5 ? ' …' : ''}); nothing was changed`,
    {
      next: `keep the store; to lose those entries: cutter store restore ${from} --discard-newer`,
      data: { lost },
    },
  )
}

async function headsOf(store: RunStore): Promise<{ runId: string; seq: number; head: string }[]> {
  const heads: { runId: string; seq: number; head: string }[] = []
  for await (const { runId, seq, head } of eachRun(store, { onTampered: () => {} }))
    heads.push({ runId, seq, head })
  return heads
}

async function findRunsBehindReports(home: string): Promise<StoreReplacement['behind']> {
  const reports = { lastSeen: async (id: string) => findHeadWitness(home, id) }
  return withStore(storeFile(home), async (store) => {
    const behind: StoreReplacement['behind'] = []
    for (const runId of listWitnessedRuns(home)) {
      const why: string[] = []
      await loadRunRecord({ store, reports }, runId).catch(collectFault(why))
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
