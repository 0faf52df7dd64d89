import type { Database } from 'better-sqlite3'
import type { HoldInForce } from '../../domain/hold.ts'
import type {
  BatchingStore,
  Lease,
  MachineModuleLocation,
  PlacedEntry,
  PrunedRun,
  ResumableRun,
  StoredRun,
  UnusedApproval,
} from '../run-store.ts'
import { likeText } from './ids-like.ts'
import { createRunLister } from './list-runs.ts'
import { messageMethods } from './message-methods.ts'
import { type OpenOptions, openDatabase } from './open-database.ts'
import { ownerText } from './pack-steps.ts'
import { pruneRun } from './prune-run.ts'
import { readFigures } from './read-figures.ts'
import type { Row } from './row.ts'
import {
  approvalRow,
  closeoutSignatureRow,
  readApprovalRow,
  readCloseoutSignatureRow,
  readEffectRow,
  readEntryRow,
  readEvidenceRow,
  readRunRow,
  readSwitchRow,
  readTimerRow,
  readTokenRow,
  withJsonErrorsNamed,
} from './row-mapping.ts'
import { createStepSaver } from './save-step.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { toStoreError } from './store-errors.ts'

/** Runs work on the database. Rejects with the CutterError that names what SQLite reports. */
type Guard = <T>(work: () => T) => Promise<T>

/** The entries whose runs are looked for whenever runs are listed: half a millisecond of work. */
const NEWEST_ENTRIES = 1_000

/**
 * The SQLite driver of RunStore: one file in WAL mode; every acknowledged step is fsynced.
 *
 * @throws STORE_UNWRITABLE, STORE_CORRUPT or STORE_NEWER, before anything was changed.
 */
export function openRunStore(options: OpenOptions): BatchingStore {
  const db = openDatabase(options)
  const sql = prepareStatements(db)
  const guard: Guard = async (work) => {
    try {
      return work()
    } catch (error) {
      throw toStoreError(error, options.file)
    }
  }
  const saver = createStepSaver(db, sql, options)
  return {
    create: (step, lease) => guard(() => saver.save({ step, lease })),
    advance: (step, lease, how) => guard(() => saver.save({ step, lease, ...how })),
    saveAll: saver.saveAll,
    recordHold: (holdEntry, messages = []) => guard(() => saver.write({ holdEntry, messages })),
    ...runMethods(db, sql, guard),
    ...effectMethods(sql, guard),
    ...approvalMethods(sql, guard),
    ...instanceMethods(sql, guard),
    ...tokenMethods(sql, guard),
    ...messageMethods(db, sql, guard),
    prune: (pruned) => guard(() => pruneRun(db, pruned)),
    prunedLike: (text) => guard(() => sql.prunedLike.all(likeText(text)) as unknown as PrunedRun[]),
    figures: () => readFigures(db, options.file, guard),
    version: () =>
      guard(() => {
        const own = sql.ownChanges.get()!.n
        return `${own}:${sql.dataVersion.get()!.data_version}`
      }),
    historiesWithoutRun: ({ all }) =>
      guard(() => {
        const rows = all ? sql.historiesWithoutRun.all() : sql.newestHistoriesWithoutRun.all(NEWEST_ENTRIES)
        return rows.map((row) => row.run_id as string)
      }),
    check: () => guard(() => findPageFaults(db)),
    async close() {
      await saver.close()
      await guard(() => void db.close())
    },
  }
}

type RunMethods = Pick<
  BatchingStore,
  | 'run'
  | 'storedRun'
  | 'runByKey'
  | 'idsLike'
  | 'list'
  | 'listWaiting'
  | 'count'
  | 'history'
  | 'newestPlace'
  | 'placeOf'
  | 'entriesAfter'
  | 'workingRuns'
  | 'dueGates'
  | 'unusedApprovals'
  | 'resumableRun'
  | 'evidence'
  | 'evidenceOf'
>

function runMethods(db: Database, sql: Statements, guard: Guard): RunMethods {
  // Each in one transaction, because another process may be moving the run.
  const storedRun = db.transaction((runId: string, since: number) => readStoredRun(sql, runId, since))
  const lister = createRunLister(db)
  const resumableRun = db.transaction((runId: string) => readResumableRun(sql, runId))
  return {
    run: (runId) => guard(() => findRun(sql.run.get(runId))),
    storedRun: (runId, since = 0) => guard(() => storedRun(runId, since)),
    runByKey: (key) => guard(() => findRun(sql.runByKey.get(key))),
    idsLike: (text, limit) =>
      guard(() => {
        const exact = sql.idLike.all(text)
        const rows = exact.length > 0 ? exact : sql.idsLike.all({ ...likeText(text), limit })
        return rows.map((row) => row.run_id as string)
      }),
    list: (filter) => guard(() => lister.list(filter)),
    listWaiting: (filter) => guard(() => lister.listWaiting(filter)),
    count: (filter) => guard(() => lister.count(filter)),
    history: (runId) => guard(() => sql.history.all(runId).map(readEntryRow)),
    newestPlace: () => guard(() => sql.newestPlace.get()!.place as number),
    placeOf: (runId, seq) => guard(() => (sql.placeOf.get(runId, seq)?.place as number | undefined) ?? null),
    entriesAfter: (place, limit) => guard(() => sql.entriesAfter.all({ place, limit }).map(readPlacedEntry)),
    workingRuns: () => guard(() => sql.workingRuns.all().map((row) => row.run_id as string)),
    dueGates: (at) => guard(() => sql.dueGates.all(at).map((row) => row.run_id as string)),
    unusedApprovals: (place) => guard(() => sql.unusedApprovals.all(place) as unknown as UnusedApproval[]),
    resumableRun: (runId) => guard(() => resumableRun(runId)),
    evidence: (digest) => guard(() => (sql.evidence.get(digest)?.bytes as Uint8Array | undefined) ?? null),
    evidenceOf: (runId) => guard(() => sql.evidenceOf.all(runId).map(readEvidenceRow)),
  }
}

type EffectMethods = Pick<BatchingStore, 'effects' | 'claim' | 'release' | 'renew' | 'timers'>

function effectMethods(sql: Statements, guard: Guard): EffectMethods {
  return {
    effects: (runId) => guard(() => sql.effects.all(runId).map(readEffectRow)),
    claim: (runId, invokeId, from, lease) =>
      guard(() => {
        const { owner, leaseUntil } = from
        const held = {
          run_id: runId,
          invoke_id: invokeId,
          from: owner && ownerText(owner),
          from_until: leaseUntil,
        }
        const { changes } = sql.claim.run({ ...held, ...leaseRow(lease) })
        return changes === 1 ? readEffectRow(sql.effect.get(runId, invokeId) as Row) : null
      }),
    release: (runId, owner) => guard(() => void sql.release.run({ run_id: runId, owner: ownerText(owner) })),
    renew: (runId, lease) => guard(() => void sql.renew.run({ run_id: runId, ...leaseRow(lease) })),
    timers: (runId) => guard(() => sql.timers.all(runId).map(readTimerRow)),
  }
}

type ApprovalMethods = Pick<
  BatchingStore,
  | 'saveApproval'
  | 'approval'
  | 'approvals'
  | 'approvalsNaming'
  | 'saveCloseoutSignature'
  | 'closeoutSignatures'
>

function approvalMethods(sql: Statements, guard: Guard): ApprovalMethods {
  return {
    saveApproval: (approval) => guard(() => void sql.insertApproval.run(approvalRow(approval))),
    approval: (id) =>
      guard(() => {
        const row = sql.approval.get(id)
        return row === undefined ? null : readApprovalRow(row)
      }),
    approvals: (runId) =>
      guard(() => {
        const rows = runId === undefined ? sql.approvals.all() : sql.approvalsOf.all(runId)
        return rows.map(readApprovalRow)
      }),
    approvalsNaming: (id) => guard(() => sql.approvalsNaming.all(id).map(readApprovalRow)),
    saveCloseoutSignature: (signature) =>
      guard(() => void sql.insertCloseoutSignature.run(closeoutSignatureRow(signature))),
    closeoutSignatures: (runId) =>
      guard(() => sql.closeoutSignatures.all(runId).map(readCloseoutSignatureRow)),
  }
}

type InstanceMethods = Pick<
  BatchingStore,
  'executionSwitch' | 'setExecutionSwitch' | 'hold' | 'machineModule' | 'machineModules' | 'rememberModule'
>

/** What belongs to the instance, not to a run. */
function instanceMethods(sql: Statements, guard: Guard): InstanceMethods {
  return {
    executionSwitch: () =>
      guard(() => {
        const row = sql.executionSwitch.get()
        return row === undefined ? null : readSwitchRow(row)
      }),
    setExecutionSwitch: (setting) =>
      guard(() => void sql.insertSwitch.run({ ...setting, enabled: setting.enabled ? 1 : 0 })),
    hold: () => guard(() => findHold(sql)),

    machineModule: (name) =>
      guard(() => (sql.machineModule.get(name) ?? null) as MachineModuleLocation | null),
    machineModules: () => guard(() => sql.machineModules.all() as unknown as MachineModuleLocation[]),
    rememberModule: (place, { moved }) =>
      guard(() => sql.rememberModule.run({ ...place, moved: moved ? 1 : 0 }).changes === 1),
  }
}

type TokenMethods = Pick<
  BatchingStore,
  'saveToken' | 'tokenByDigest' | 'tokens' | 'tokenUsed' | 'revokeToken'
>

function tokenMethods(sql: Statements, guard: Guard): TokenMethods {
  return {
    saveToken: (token, digest) =>
      guard(() => {
        const machines = token.machines === null ? null : JSON.stringify(token.machines)
        sql.insertToken.run({ ...token, machines, digest })
      }),
    tokenByDigest: (digest) =>
      guard(() => {
        const row = sql.tokenByDigest.get(digest)
        return row === undefined ? null : readTokenRow(row)
      }),
    tokens: () => guard(() => sql.tokens.all().map(readTokenRow)),
    tokenUsed: (tokenId, at) => guard(() => void sql.useToken.run({ tokenId, at })),
    revokeToken: (tokenId, revocation) => guard(() => void sql.revokeToken.run({ tokenId, ...revocation })),
  }
}

const readPlacedEntry = (row: Row): PlacedEntry => ({
  place: row.id as number,
  runId: row.run_id as string,
  machine: row.machine as string,
  entry: readEntryRow(row),
})

function readStoredRun(sql: Statements, runId: string, since: number): StoredRun | null {
  const run = findRun(sql.run.get(runId))
  if (run === null) return null
  return withJsonErrorsNamed(runId, () => ({
    run,
    history: (since === 0 ? sql.history.all(runId) : sql.historySince.all({ runId, since })).map(
      readEntryRow,
    ),
    entriesByPeople: sql.countByPeople.get(runId)!.n as number,
    effects: sql.effects.all(runId).map(readEffectRow),
    timers: sql.timers.all(runId).map(readTimerRow),
    approvals: sql.approvalsOf.all(runId).map(readApprovalRow),
    evidence: sql.evidenceOf.all(runId).map(readEvidenceRow),
    contents: new Map(
      sql.contentsOf
        .all({ runId, since })
        .map((row) => [row.digest as string, row.bytes as unknown as Uint8Array]),
    ),
  }))
}

function readResumableRun(sql: Statements, runId: string): ResumableRun | null {
  const run = findRun(sql.run.get(runId))
  if (run === null) return null
  return withJsonErrorsNamed(runId, () => ({
    run,
    timers: sql.timers.all(runId).map(readTimerRow),
    approvals: sql.approvalsOf.all(runId).map(readApprovalRow),
    byPeople: sql.historyByPeople.all(runId).map(readEntryRow),
  }))
}

const findRun = (row: Row | undefined) => (row === undefined ? null : readRunRow(row))
const leaseRow = ({ owner, until }: Lease) => ({ owner: ownerText(owner), until })

function findHold(sql: Statements): HoldInForce | null {
  const row = sql.hold.get()
  if (row === undefined || row.kind === 'off') return null
  const released = sql.released.all(row.id).map(({ run_id }) => run_id as string)
  return { since: row.at as string, reason: row.reason as string, by: row.by as string, released }
}

/** A sentence for each page of the file that SQLite finds damaged. */
function findPageFaults(db: Database): string[] {
  const rows = db.pragma('integrity_check') as { integrity_check: string }[]
  return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
}
