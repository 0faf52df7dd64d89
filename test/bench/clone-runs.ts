import { join } from 'node:path'
import { approvalIdOf } from '../../src/approvals/statement.ts'
import { genesisHash, hashEntry } from '../../src/domain/history.ts'
import { type HistoryEntry, historyFields } from '../../src/domain/history-entry.ts'
import { digestOfBytes } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { connect } from '../../src/locks/connect.ts'
import type { StoredRun } from '../../src/store/run-store.ts'
import { digestBytes } from '../../src/store/sqlite/digest-bytes.ts'
import { packText } from '../../src/store/sqlite/packed-text.ts'
import { approvalRow, runRow } from '../../src/store/sqlite/row-mapping.ts'

/** A copy of a record under another id. Ids of approvals, hashes and the digest of the snapshot are made again, so that the record holds. */
function cloneRecord({ run, history, approvals, evidence }: StoredRun, runId: string) {
  const names = new Map([[run.runId, runId]])
  const renamed = (text: string) => [...names].reduce((now, [old, made]) => now.replaceAll(old, made), text)
  const identity = { ...run, runId, startKey: runId }
  let previousHash = genesisHash(identity)
  const waiting = new Set(approvals)
  const copies = []
  const entries: HistoryEntry[] = []
  for (const entry of history) {
    const isLast = entry.seq === run.seq
    const changed = { ...entry, event: JSON.parse(renamed(JSON.stringify(entry.event))), previousHash }
    if (isLast) changed.snapshotDigest = digestOfBytes(renamed(run.snapshot))
    const copy = { ...changed, hash: hashEntry(changed) }
    entries.push(copy)
    names.set(entry.hash, copy.hash)
    previousHash = copy.hash
    for (const approval of waiting) {
      if (approval.statement.historyHead !== entry.hash) continue
      waiting.delete(approval)
      const statementText = renamed(approval.statementText)
      const approvalId = approvalIdOf(statementText)
      names.set(approval.approvalId, approvalId)
      copies.push({ ...approval, approvalId, statementText, statement: JSON.parse(statementText) })
    }
  }
  const { snapshotDigest, hash: head } = entries.at(-1)!
  const gateHead = run.gateHead === null ? null : names.get(run.gateHead)!
  const copy = { ...identity, snapshot: renamed(run.snapshot), snapshotDigest, head, gateHead } as Run
  return { run: copy, entries, approvals: copies, evidence }
}

/** Adds copies of a run that works at nothing to the store of a home, which no process has open. */
export function addClones(home: string, record: StoredRun, { from, to }: { from: number; to: number }): void {
  const db = connect(join(home, 'var', 'cutter.db'))
  try {
    // A statement for each row would stay until the connection closes.
    const prepared = new Map<string, ReturnType<typeof db.prepare>>()
    const statement = (text: string) => {
      const known = prepared.get(text) ?? db.prepare(text)
      prepared.set(text, known)
      return known
    }
    const insert = (table: string, row: { [column: string]: unknown }) => {
      const columns = Object.keys(row)
      const text = `insert into ${table} (${columns.join(', ')}) values (${columns.map((one) => `@${one}`).join(', ')})`
      return statement(text).run(row).lastInsertRowid
    }
    db.transaction(() => {
      for (let number = from; number < to; number += 1) {
        const runId = record.run.runId.replace(/[0-9a-f]{8}$/, number.toString(16).padStart(8, '0'))
        const { run, entries, approvals, evidence } = cloneRecord(record, runId)
        const isClosed = run.status === 'closed'
        const packed = isClosed ? { packed_snapshot: packText(run.snapshot) } : {}
        insert('runs', { ...runRow(isClosed ? { ...run, snapshot: '' } : run), ...packed })
        let newest: number | bigint | null = null
        for (const entry of entries) newest = insert('history', entryRow(runId, entry, newest))
        statement('update runs set newest_id = ? where run_id = ?').run(newest, runId)
        for (const approval of approvals) {
          const used = { used_seq: approval.usedSeq, used_at: approval.usedAt }
          insert('approvals', { ...approvalRow(approval), ...used })
        }
        for (const { seq, name, digest } of evidence)
          insert('run_evidence', { run_id: runId, seq, name, digest })
      }
    })()
  } finally {
    db.close()
  }
}

const columnOf = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function entryRow(runId: string, entry: HistoryEntry, previous: number | bigint | null) {
  const row: { [column: string]: unknown } = { run_id: runId, previous_id: previous }
  for (const field of historyFields) row[columnOf(field)] = entry[field]
  return {
    ...row,
    event: packText(JSON.stringify(entry.event)),
    snapshot_digest: digestBytes(entry.snapshotDigest),
    previous_hash: entry.seq === 1 ? digestBytes(entry.previousHash) : null,
    hash: digestBytes(entry.hash),
  }
}
