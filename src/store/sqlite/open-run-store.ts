import { CutterError } from '../../domain/errors.ts'
import type { HoldInForce } from '../../domain/hold.ts'
import type { Run } from '../../domain/run.ts'
import type {
  BatchingStore,
  ExecutionSwitch,
  Lease,
  MachineModuleLocation,
  PrunedRun,
  ResumableRun,
  RunFilter,
  StoredRun,
  Timer,
} from '../run-store.ts'
import { type OpenOptions, openDatabase, toStoreError } from './open-database.ts'
import { pruneRun } from './prune-run.ts'
import {
  approvalOfRow,
  closeoutSignatureOfRow,
  effectOfRow,
  entryOfRow,
  evidenceOfRow,
  type RunRow,
  readRunRow,
  rowOfApproval,
  rowOfCloseoutSignature,
  withJsonErrorsNamed,
} from './row-mapping.ts'
import { createStepSaver } from './save-step.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { ownerText } from './step-row.ts'

/** The SQLite driver of RunStore: one file, WAL, every acknowledged step fsynced. */
export function openRunStore(options: OpenOptions): BatchingStore {
  const db = openDatabase(options)
  const sql = prepareStatements(db)

  /** Runs work that touches the database, giving SQLite's failures our names. */
  async function guarded<T>(work: () => T): Promise<T> {
    try {
      return work()
    } catch (error) {
      throw toStoreError(error, options.file)
    }
  }

  const saving = createStepSaver(db, sql, options)
  // In one transaction: another process may be moving the run at this very moment.
  const whole = db.transaction((runId: string): StoredRun | null => {
    const run = runOrNull(sql.run.get(runId))
    if (run === null) return null
    return withJsonErrorsNamed(runId, () => ({
      run,
      history: sql.history.all(runId).map(entryOfRow),
      entriesByPeople: sql.countByPeople.get(runId)!.n as number,
      effects: sql.effects.all(runId).map(effectOfRow),
      timers: sql.timers.all(runId).map(timerOfRow),
      approvals: sql.approvalsOf.all(runId).map(approvalOfRow),
      evidence: sql.evidenceOf.all(runId).map(evidenceOfRow),
      contents: new Map(
        sql.contentsOf.all(runId).map((row) => [row.digest as string, row.bytes as unknown as Uint8Array]),
      ),
    }))
  })
  const takeUp = db.transaction((runId: string): ResumableRun | null => {
    const run = runOrNull(sql.run.get(runId))
    if (run === null) return null
    return withJsonErrorsNamed(runId, () => ({
      run,
      timers: sql.timers.all(runId).map(timerOfRow),
      approvals: sql.approvalsOf.all(runId).map(approvalOfRow),
      byPeople: sql.historyByPeople.all(runId).map(entryOfRow),
    }))
  })
  return {
    create: (step, lease) => guarded(() => saving.save(step, lease)),
    advance: (step, lease) => guarded(() => saving.save(step, lease)),
    saveAll: saving.saveAll,

    run: (runId) => guarded(() => runOrNull(sql.run.get(runId))),
    whole: (runId) => guarded(() => whole(runId)),
    runByKey: (key) => guarded(() => runOrNull(sql.runByKey.get(key))),
    idsLike: (text, limit) =>
      guarded(() => sql.idsLike.all({ text, limit }).map((row) => row.run_id as string)),
    list: ({ status = null, machine = null, limit, onTampered }) =>
      guarded(() => {
        const list = status === null || status === 'closed' ? sql.list : sql.listOpen
        return list.all({ status, machine, limit }).flatMap((row) => trusted(row, onTampered))
      }),
    history: (runId) => guarded(() => sql.history.all(runId).map(entryOfRow)),
    takeUp: (runId) => guarded(() => takeUp(runId)),

    effects: (runId) => guarded(() => sql.effects.all(runId).map(effectOfRow)),
    claim: (runId, invokeId, from, lease) =>
      guarded(() => {
        const row = {
          run_id: runId,
          invoke_id: invokeId,
          from: from && ownerText(from),
          ...leaseRow(lease),
        }
        return sql.claim.run(row).changes === 1
          ? effectOfRow(sql.effect.get(runId, invokeId) as RunRow)
          : null
      }),
    release: (runId, owner) =>
      guarded(() => void sql.release.run({ run_id: runId, owner: ownerText(owner) })),
    renew: (runId, lease) => guarded(() => void sql.renew.run({ run_id: runId, ...leaseRow(lease) })),
    timers: (runId) => guarded(() => sql.timers.all(runId).map(timerOfRow)),

    saveApproval: (approval) => guarded(() => void sql.insertApproval.run(rowOfApproval(approval))),
    approval: (id) =>
      guarded(() => {
        const row = sql.approval.get(id)
        return row === undefined ? null : approvalOfRow(row)
      }),
    approvals: (runId) =>
      guarded(() => {
        const rows = runId === undefined ? sql.approvals.all() : sql.approvalsOf.all(runId)
        return rows.map(approvalOfRow)
      }),

    approvalsNaming: (id) => guarded(() => sql.approvalsNaming.all(id).map(approvalOfRow)),

    evidence: (digest) => guarded(() => (sql.evidence.get(digest)?.bytes as Uint8Array | undefined) ?? null),
    evidenceOf: (runId) => guarded(() => sql.evidenceOf.all(runId).map(evidenceOfRow)),

    saveCloseoutSignature: (signature) =>
      guarded(() => void sql.insertCloseoutSignature.run(rowOfCloseoutSignature(signature))),
    closeoutSignatures: (runId) =>
      guarded(() => sql.closeoutSignatures.all(runId).map(closeoutSignatureOfRow)),

    executionSwitch: () => guarded(() => switchOfRow(sql.executionSwitch.get())),
    setExecutionSwitch: (setting) =>
      guarded(() => void sql.insertSwitch.run({ ...setting, enabled: setting.enabled ? 1 : 0 })),

    hold: () => guarded(() => holdInForce(sql)),
    recordHold: (entry) => guarded(() => void sql.insertHold.run(entry)),
    machineModule: (name) => guarded(() => placeOrNull(sql.machineModule.get(name))),
    machineModules: () =>
      guarded(() => sql.machineModules.all().map((row) => row as unknown as MachineModuleLocation)),
    rememberModule: (place, { moved }) =>
      guarded(() => sql.rememberModule.run({ ...place, moved: moved ? 1 : 0 }).changes === 1),

    prune: (pruned) => guarded(() => pruneRun(db, pruned)),
    prunedLike: (text) => guarded(() => sql.prunedLike.all({ text }) as unknown as PrunedRun[]),

    check: () =>
      guarded(() => {
        const rows = db.pragma('integrity_check') as { integrity_check: string }[]
        return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
      }),
    async close() {
      await saving.close()
      await guarded(() => void db.close())
    },
  }
}

function trusted(row: RunRow, onTampered: RunFilter['onTampered']): Run[] {
  try {
    return [readRunRow(row)]
  } catch (error) {
    if (onTampered === undefined || !(error instanceof CutterError)) throw error
    onTampered(error)
    return []
  }
}

const placeOrNull = (row: RunRow | undefined) => (row ?? null) as MachineModuleLocation | null
const runOrNull = (row: RunRow | undefined) => (row === undefined ? null : readRunRow(row))
const leaseRow = ({ owner, until }: Lease) => ({ owner: ownerText(owner), until })

function timerOfRow(row: RunRow): Timer {
  return {
    timerId: row.timer_id as string,
    dueAt: row.due_at as string,
    event: JSON.parse(row.event as string),
  }
}

function switchOfRow(row: RunRow | undefined): ExecutionSwitch | null {
  if (row === undefined) return null
  return { ...(row as unknown as ExecutionSwitch), enabled: row.enabled === 1 }
}

function holdInForce(sql: Statements): HoldInForce | null {
  const row = sql.hold.get()
  if (row === undefined || row.kind === 'off') return null
  const released = sql.released.all(row.id).map(({ run_id }) => run_id as string)
  return { since: row.at as string, reason: row.reason as string, by: row.by as string, released }
}
