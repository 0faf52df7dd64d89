import type { Approval, Statement } from '../../domain/approval.ts'
import type { CloseoutSignature } from '../../domain/closeout-signature.ts'
import type { EffectRow, Owner } from '../../domain/effect.ts'
import { tamperedRunError } from '../../domain/errors.ts'
import { HISTORY_FIELDS, type HistoryEntry, historyFields } from '../../domain/history-entry.ts'
import { digestOfBytes, type Json } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import type { Step, Timer } from '../../domain/step.ts'
import type { Token } from '../../domain/token.ts'
import type { EvidenceRow, ExecutionSwitch } from '../run-store.ts'
import { RUN_COLUMNS } from './columns.ts'
import { digestText } from './digest-bytes.ts'
import { packText, unpackText } from './packed-text.ts'
import type { Row } from './row.ts'

/** The row of a run, with each field in its column and objects as JSON text. */
export function runRow(run: Run): Row {
  const row: Row = {}
  for (const { column, field, json } of RUN_COLUMNS) {
    const value = run[field]
    const asText = json === 'always' || (json === 'unless-null' && value !== null)
    row[column] = asText ? JSON.stringify(value) : (value as string | number | null)
  }
  return row
}

/** Throws STORE_TAMPERED when the row does not fit the newest entry of the run's history, or its snapshot was edited. */
export function readRunRow(row: Row): Run {
  return withJsonErrorsNamed(row.run_id as string, () => {
    const run = runOfRow(row)
    const fault = findRowFault(run, row)
    if (fault !== null) throw tamperedRunError(run.runId, fault)
    return run
  })
}

/** Runs `read`, and throws STORE_TAMPERED when it meets invalid JSON: all JSON of a store was valid when it was written. */
export function withJsonErrorsNamed<T>(runId: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw tamperedRunError(runId, `a part of it is not valid JSON (${error.message})`)
  }
}

function runOfRow(row: Row): Run {
  const run: { [field: string]: unknown } = {}
  for (const { column, field, json } of RUN_COLUMNS) {
    const value = row[column]
    run[field] = json !== undefined && value !== null ? JSON.parse(value as string) : value
  }
  if (row.entry_outcome === 'abandoned') run.outcome = row.entry_outcome
  if (run.snapshot === '' && row.packed_snapshot !== null) run.snapshot = unpackText(row.packed_snapshot)
  return run as unknown as Run
}

function findRowFault(run: Run, row: Row): string | null {
  if (digestOfBytes(run.snapshot) !== run.snapshotDigest) return 'its snapshot was edited'
  if (digestText(row.entry_snapshot_digest) !== run.snapshotDigest || digestText(row.entry_hash) !== run.head)
    return 'its row does not fit the newest entry of its history'
  const column = findDifferingColumn(run, row)
  return column === null ? null : `its row has another ${column} than its newest entry and its snapshot`
}

/** Digests do not cover these columns. People act on them, so they must agree with what the digests cover. */
function findDifferingColumn(run: Run, row: Row): string | null {
  if (row.entry_state !== run.state) return 'state'
  if (row.entry_status !== run.status) return 'status'
  const { snapshot } = JSON.parse(run.snapshot) as {
    snapshot?: { context?: { planDigest?: Json; output?: Json; stop?: Json } }
  }
  const context = snapshot?.context
  if (context === undefined) return null
  if ((context.planDigest ?? null) !== run.planDigest) return 'plan digest'
  if (JSON.stringify(context.output ?? null) !== JSON.stringify(run.output)) return 'output'
  if (run.status !== 'stopped' || !context.stop) return null
  const isSame = JSON.stringify(context.stop) === JSON.stringify(run.stop) && run.stopCode === run.stop.code
  return isSame ? null : 'stop'
}

/** Reads a history entry. The caller checks its hash, which covers every field. */
export function readEntryRow(row: Row): HistoryEntry {
  const entry: { [field: string]: unknown } = {}
  for (const field of historyFields) {
    const { column, kind } = HISTORY_FIELDS[field]
    const value = row[column]
    if (kind === 'event') entry[field] = JSON.parse(unpackText(value))
    else if (kind === 'digest')
      entry[field] = digestText(field === 'previousHash' ? (value ?? row.hash_before) : value)
    else entry[field] = value
  }
  return entry as HistoryEntry
}

/** Reads an effect that waits or is claimed. `owner` and `leaseUntil` (ISO 8601) are null until a process claims it. */
export function readEffectRow(row: Row): EffectRow {
  return {
    invokeId: row.invoke_id as string,
    seq: row.seq as number,
    name: row.name as string,
    input: JSON.parse(row.input as string) as Json,
    owner: row.owner === null ? null : (JSON.parse(row.owner as string) as Owner),
    leaseUntil: row.lease_until as string | null,
    attempt: row.attempt as number,
  }
}

/** Reads a timer of a run: the event that is due at `dueAt` (ISO 8601). */
export function readTimerRow(row: Row): Timer {
  return {
    timerId: row.timer_id as string,
    dueAt: row.due_at as string,
    event: JSON.parse(row.event as string),
  }
}

/** The row of an approval that is not used yet. The statement is kept as its exact signed text. */
export function approvalRow(approval: Approval): Row {
  return {
    approval_id: approval.approvalId,
    run_id: approval.statement.runId,
    gate: approval.statement.gate,
    kind: approval.kind,
    statement_text: approval.statementText,
    signature: approval.signature,
    imported_at: approval.importedAt,
  }
}

/** Reads an approval. Its statement is parsed from the signed text, so that no column can contradict the signature. */
export function readApprovalRow(row: Row): Approval {
  return {
    approvalId: row.approval_id,
    kind: row.kind,
    statement: JSON.parse(row.statement_text as string) as Statement,
    statementText: row.statement_text,
    signature: row.signature,
    importedAt: row.imported_at,
    usedSeq: row.used_seq,
    usedAt: row.used_at,
  } as Approval
}

/** The row of a signature of a closeout, by the instance or by a person, with the exact text that was signed. */
export function closeoutSignatureRow(signature: CloseoutSignature): Row {
  return {
    run_id: signature.runId,
    kind: signature.kind,
    signer: signature.signer,
    statement_text: packText(signature.statementText),
    signature: packText(signature.signature),
    public_key: signature.publicKey,
    at: signature.at,
  }
}

/** Reads a signature of a closeout. It is not verified here. */
export function readCloseoutSignatureRow(row: Row): CloseoutSignature {
  return {
    runId: row.run_id,
    kind: row.kind,
    signer: row.signer,
    statementText: unpackText(row.statement_text ?? row.sealed_text),
    signature: unpackText(row.signature),
    publicKey: row.public_key,
    at: row.at,
  } as CloseoutSignature
}

/** Reads which evidence an entry names. `bytes` is the length of the content, which is stored apart by its digest. */
export function readEvidenceRow(row: Row): EvidenceRow {
  return {
    seq: row.seq as number,
    name: row.name as string,
    digest: row.digest as string,
    mediaType: row.media_type as string,
    bytes: row.bytes as number,
  }
}

/** Reads the execution switch. SQLite has no booleans, so `enabled` is 1 or 0 in the row. */
export function readSwitchRow(row: Row): ExecutionSwitch {
  return { ...(row as unknown as ExecutionSwitch), enabled: row.enabled === 1 }
}

/** The effects of a step as rows that its owner has claimed: the answer of `advance`. */
export function claimedEffects(step: Step, owner: Owner, until: string): EffectRow[] {
  const { seq } = step.entry
  return step.effectsAsked.map(({ invokeId, name, input }) => {
    return { invokeId, name, input, seq, owner, leaseUntil: until, attempt: 1 }
  })
}

/** Reads a token. Its columns have the names of its fields. */
export function readTokenRow(row: Row): Token {
  return {
    ...row,
    machines: row.machines === null ? null : JSON.parse(row.machines as string),
  } as unknown as Token
}
