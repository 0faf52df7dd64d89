import type { EffectRow, Owner } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { UPGRADED } from '../domain/history.ts'
import type { HoldInForce } from '../domain/hold.ts'
import { canonicalJson } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type {
  BatchingStore,
  ExecutionSwitch,
  Lease,
  MachineModulePlace,
  RunFilter,
  SaveRequest,
  Timer,
  WholeRun,
} from '../domain/store.ts'
import { asStoreError, type OpenOptions, openDatabase } from './open.ts'
import {
  approvalOfRow,
  claimed,
  closeoutSignatureOfRow,
  effectOfRow,
  entryOfRow,
  evidenceOfRow,
  legible,
  type RunRow,
  rowOfApproval,
  rowOfCloseoutSignature,
  rowOfRun,
  runOfRow,
  valuesAtWork,
  valuesOfEntry,
  valuesOfUpdate,
} from './rows.ts'
import { prepareStatements, type Statements } from './statements.ts'

/** The SQLite driver of RunStore: one file, WAL, every acknowledged step fsynced. */
export function openRunStore(options: OpenOptions): BatchingStore {
  const db = openDatabase(options)
  const sql = prepareStatements(db)

  /** Runs work that touches the database, giving SQLite's failures our names. */
  async function guarded<T>(work: () => T): Promise<T> {
    try {
      return work()
    } catch (error) {
      throw asStoreError(error, options.file)
    }
  }

  const one = db.transaction((step: Step, lease: Lease) => saveStep(sql, step, lease))
  const together = db.transaction((requests: SaveRequest[]) =>
    requests.map(({ step, lease }) => saveStep(sql, step, lease)),
  )
  // All in one transaction, and, should one of them be refused, each in its own: a refused advance leaves its neighbours
  // alone. (A savepoint round each would do the same, and cost more than all the statements in it.)
  const all = (requests: SaveRequest[]): PromiseSettledResult<EffectRow[]>[] => {
    try {
      return together.immediate(requests).map((value) => ({ status: 'fulfilled', value }))
    } catch (error) {
      if (!(error instanceof CutterError) && !isConstraint(error)) throw error
      return requests.map(({ step, lease }) => settled(() => one.immediate(step, lease)))
    }
  }
  // In one transaction: another process may be moving the run at this very moment.
  const whole = db.transaction((runId: string): WholeRun | null => {
    const run = runOrNull(sql.run.get(runId))
    if (run === null) return null
    return legible(runId, () => ({
      run,
      history: sql.history.all(runId).map(entryOfRow),
      effects: sql.effects.all(runId).map(effectOfRow),
      timers: sql.timers.all(runId).map(timerOfRow),
      approvals: sql.approvals.all({ run_id: runId }).map(approvalOfRow),
      evidence: sql.evidenceOf.all(runId).map(evidenceOfRow),
      contents: new Map(
        sql.contentsOf.all(runId).map((row) => [row.digest as string, row.bytes as unknown as Uint8Array]),
      ),
    }))
  })
  return {
    create: (step, lease) => guarded(() => one.immediate(step, lease)),
    advance: (step, lease) => guarded(() => one.immediate(step, lease)),
    saveAll: (requests) => guarded(() => all(requests)),

    run: (runId) => guarded(() => runOrNull(sql.run.get(runId))),
    whole: (runId) => guarded(() => whole(runId)),
    runByKey: (key) => guarded(() => runOrNull(sql.runByKey.get(key))),
    idsLike: (text, limit) =>
      guarded(() => sql.idsLike.all({ text, limit }).map((row) => row.run_id as string)),
    list: ({ status = null, machine = null, limit, onTampered }) =>
      guarded(() => sql.list.all({ status, machine, limit }).flatMap((row) => trusted(row, onTampered))),
    history: (runId) => guarded(() => sql.history.all(runId).map(entryOfRow)),

    effects: (runId) => guarded(() => sql.effects.all(runId).map(effectOfRow)),
    claim: (runId, invokeId, from, lease) =>
      guarded(() => {
        const row = {
          run_id: runId,
          invoke_id: invokeId,
          from: from && textOfOwner(from),
          ...leaseRow(lease),
        }
        return sql.claim.run(row).changes === 1
          ? effectOfRow(sql.effect.get(runId, invokeId) as RunRow)
          : null
      }),
    release: (runId, owner) =>
      guarded(() => void sql.release.run({ run_id: runId, owner: textOfOwner(owner) })),
    renew: (runId, lease) => guarded(() => void sql.renew.run({ run_id: runId, ...leaseRow(lease) })),
    timers: (runId) => guarded(() => sql.timers.all(runId).map(timerOfRow)),

    saveApproval: (approval) => guarded(() => void sql.insertApproval.run(rowOfApproval(approval))),
    approval: (id) =>
      guarded(() => {
        const row = sql.approval.get(id)
        return row === undefined ? null : approvalOfRow(row)
      }),
    approvals: (runId) => guarded(() => sql.approvals.all({ run_id: runId ?? null }).map(approvalOfRow)),

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
      guarded(() => sql.machineModules.all().map((row) => row as unknown as MachineModulePlace)),
    rememberModule: (place, { moved }) =>
      guarded(() => sql.rememberModule.run({ ...place, moved: moved ? 1 : 0 }).changes === 1),

    check: () =>
      guarded(() => {
        const rows = db.pragma('integrity_check') as { integrity_check: string }[]
        return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
      }),
    close: () => guarded(() => void db.close()),
  }
}

const isConstraint = (error: unknown) =>
  String((error as { code?: unknown }).code).startsWith('SQLITE_CONSTRAINT')

/** The run's own row first, so that a step that comes too late is refused before anything of it is written. */
function saveStep(sql: Statements, step: Step, lease: Lease): EffectRow[] {
  if (step.entry.seq === 1) {
    refuseReusedKey(sql, step.run)
    sql.insertRun.run(rowOfRun(step.run))
  } else if (!upgraded(sql, step) || !updated(sql, step)) {
    throw conflict(step, 'it has moved on since')
  }
  return saveRest(sql, step, lease)
}

function upgraded(sql: Statements, { run, entry }: Step): boolean {
  if (entry.event.type !== UPGRADED) return true
  const row = {
    run_id: run.runId,
    version: run.version,
    definition_digest: run.definitionDigest,
    seq: run.seq - 1,
    head: entry.previousHash,
  }
  return sql.upgradeRun.run(row).changes === 1
}

function updated(sql: Statements, step: Step): boolean {
  const atWork = valuesAtWork(step)
  if (atWork !== null && sql.updateAtWork.run(atWork).changes === 1) return true
  return sql.updateRun.run(valuesOfUpdate(step)).changes === 1
}

/** Everything of a step but the run's own row. */
function saveRest(sql: Statements, step: Step, lease: Lease): EffectRow[] {
  const { runId } = step.run
  sql.insertEntry.run(valuesOfEntry(runId, step.entry))
  saveEffects(sql, step, lease)
  for (const timerId of step.timersDropped) sql.deleteTimer.run({ run_id: runId, timer_id: timerId })
  for (const { timerId, dueAt, event } of step.timersAsked) {
    sql.insertTimer.run({ run_id: runId, timer_id: timerId, due_at: dueAt, event: JSON.stringify(event) })
  }
  if (step.approvalUsed !== null) {
    const use = {
      approval_id: step.approvalUsed,
      run_id: runId,
      used_seq: step.entry.seq,
      used_at: step.entry.at,
    }
    if (sql.useApproval.run(use).changes !== 1)
      throw conflict(step, `approval ${step.approvalUsed} was already used`)
  }
  for (const { name, digest, mediaType, bytes } of step.evidence) {
    sql.insertEvidence.run({ digest, media_type: mediaType, bytes })
    sql.insertRunEvidence.run({ run_id: runId, seq: step.entry.seq, name, digest })
  }
  return claimed(step, lease.owner, lease.until)
}

function saveEffects(sql: Statements, step: Step, lease: Lease): void {
  const runId = step.run.runId
  const { seq } = step.entry
  const owner = textOfOwner(lease.owner)
  for (const invokeId of step.effectsDropped) sql.deleteEffect.run({ run_id: runId, invoke_id: invokeId })
  let asked = step.effectsAsked
  if (step.effectDone !== null) {
    // The finished effect's row passes to the next one: one statement ends a lease and begins another.
    const [heir, ...others] = asked
    asked = others
    const { changes } =
      heir === undefined
        ? sql.deleteDone.run({ run_id: runId, done: step.effectDone, owner })
        : sql.passOn.run([
            heir.invokeId,
            seq,
            heir.name,
            JSON.stringify(heir.input),
            lease.until,
            runId,
            step.effectDone,
            owner,
          ])
    if (changes !== 1) throw conflict(step, `the effect ${step.effectDone} is no longer ours`)
  }
  for (const { invokeId, name, input } of asked) {
    const row = {
      run_id: runId,
      invoke_id: invokeId,
      seq,
      name,
      input: JSON.stringify(input),
      owner,
      until: lease.until,
    }
    sql.insertEffect.run(row)
  }
}

function refuseReusedKey(sql: Statements, run: Run): void {
  if (run.startKey === null) return
  const other = sql.runByKey.get(run.startKey)
  if (other !== undefined) {
    throw new CutterError('KEY_REUSED', `the key ${run.startKey} belongs to run ${other.run_id}`, {
      next: `cutter run show ${other.run_id}`,
    })
  }
}

function conflict(step: Step, why: string): CutterError {
  return new CutterError('STORE_CONFLICT', `run ${step.run.runId} was not changed: ${why}`, {
    next: `cutter run show ${step.run.runId}`,
  })
}

function settled<T>(work: () => T): PromiseSettledResult<T> {
  try {
    return { status: 'fulfilled', value: work() }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}

const ownerTexts = new WeakMap<Owner, string>()

/** An owner's row form, made once for each owner object: every step names its owner. */
function textOfOwner(owner: Owner): string {
  const known = ownerTexts.get(owner)
  if (known !== undefined) return known
  const text = canonicalJson(owner)
  ownerTexts.set(owner, text)
  return text
}

function trusted(row: RunRow, onTampered: RunFilter['onTampered']): Run[] {
  try {
    return [runOfRow(row)]
  } catch (error) {
    if (onTampered === undefined || !(error instanceof CutterError)) throw error
    onTampered(error)
    return []
  }
}

const placeOrNull = (row: RunRow | undefined) => (row ?? null) as MachineModulePlace | null
const runOrNull = (row: RunRow | undefined) => (row === undefined ? null : runOfRow(row))
const leaseRow = ({ owner, until }: Lease) => ({ owner: textOfOwner(owner), until })

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
