import { type CopiedRun, marksOf, SHARED_TABLES, type StoreCopier, waitsSince } from '../store-copier.ts'
import { outcomeColumn } from './columns.ts'
import { type OpenOptions, openDatabase } from './open-database.ts'
import { ownerText } from './pack-steps.ts'
import { packText } from './packed-text.ts'
import type { Row } from './row.ts'
import { approvalRow, closeoutSignatureRow, runRow } from './row-mapping.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { entryValues } from './step-statements.ts'
import { toStoreError } from './store-errors.ts'

/**
 * Opens the copier of a file, and creates the file if there is none.
 * @throws STORE_UNWRITABLE, STORE_CORRUPT or STORE_NEWER
 */
export function openCopier(options: OpenOptions): StoreCopier {
  const db = openDatabase(options)
  const sql = prepareStatements(db)
  const guard = async <T>(work: () => T): Promise<T> => {
    try {
      return work()
    } catch (error) {
      throw toStoreError(error, options.file)
    }
  }
  const saveRun = db.transaction((run: CopiedRun) => insertCopy(sql, run))
  const rowsOf = (text: string, ...values: unknown[]) => db.prepare(text).all(...values) as Row[]
  return {
    marks: () =>
      guard(() => new Map(rowsOf(marksOf('')).map(({ run_id, mark }) => [run_id as string, mark as string]))),
    claimedRuns: (at) =>
      guard(() => {
        const rows = rowsOf('select run_id, lease_until from effects where lease_until > ? order by 1', at)
        return rows.map(({ run_id, lease_until }) => ({
          runId: run_id as string,
          until: lease_until as string,
        }))
      }),
    // One transaction, so that no run is there in part.
    saveRun: (run) => guard(() => saveRun.immediate(run)),
    rows: (table) => {
      const { columns, order } = SHARED_TABLES[table]
      return guard(() => rowsOf(`select ${columns.join(', ')} from ${table} order by ${order}`))
    },
    saveRows: (table, rows) => {
      const { columns } = SHARED_TABLES[table]
      const insert = db.prepare(
        `insert into ${table} (${columns.join(', ')}) values (${columns.map((column) => `@${column}`).join(', ')}) on conflict do nothing`,
      )
      const insertAll = db.transaction(() => {
        for (const row of rows) insert.run(row)
      })
      return guard(() => insertAll.immediate())
    },
    close: () => guard(() => void db.close()),
  }
}

function insertCopy(sql: Statements, copied: CopiedRun): void {
  const { run, history, effects, timers, approvals, evidence, contents, closeoutSignatures } = copied
  const { runId } = run
  const mediaTypes = new Map(evidence.map(({ digest, mediaType }) => [digest, mediaType]))
  for (const [digest, bytes] of contents)
    sql.insertEvidence.run({ digest, media_type: mediaTypes.get(digest), bytes })
  sql.insertRun.run({ ...runRow(run), outcome: outcomeColumn(run.outcome) })
  for (const entry of history) {
    sql.insertEntry.run(...entryValues({ ...entry, event: JSON.stringify(entry.event), runId }))
    sql.setNewestEntry.run(runId)
  }
  // As a step leaves the row: nothing follows the snapshot of a closed run, so that is packed.
  if (run.status === 'closed') sql.packSnapshot.run(packText(run.snapshot), runId)
  else sql.setWaitsSince.run(waitsSince(copied), runId)
  for (const { invokeId, seq, name, input, owner, leaseUntil, attempt } of effects)
    sql.copyEffect.run(
      ...[runId, invokeId, seq, name, JSON.stringify(input), owner && ownerText(owner), leaseUntil, attempt],
    )
  for (const { timerId, dueAt, event } of timers)
    sql.insertTimer.run({ run_id: runId, timer_id: timerId, due_at: dueAt, event: JSON.stringify(event) })
  for (const approval of approvals) {
    sql.insertApproval.run(approvalRow(approval))
    const { approvalId, usedSeq, usedAt } = approval
    if (usedSeq !== null)
      sql.useApproval.run({ approval_id: approvalId, run_id: runId, used_seq: usedSeq, used_at: usedAt })
  }
  for (const { seq, name, digest } of evidence)
    sql.insertRunEvidence.run({ run_id: runId, seq, name, digest })
  for (const signature of closeoutSignatures) sql.insertCloseoutSignature.run(closeoutSignatureRow(signature))
}
