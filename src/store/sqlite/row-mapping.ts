import type { Approval, Statement } from '../../domain/approval.ts'
import type { CloseoutSignature } from '../../domain/closeout-signature.ts'
import type { EffectRow, Owner } from '../../domain/effect.ts'
import { tamperedRunError } from '../../domain/errors.ts'
import { digestOfBytes, type Json } from '../../domain/json.ts'
import type { HistoryEntry, Run, RunEvent, Status } from '../../domain/run.ts'
import type { Step } from '../../domain/step.ts'
import type { EvidenceRow } from '../run-store.ts'

/** Between rows (snake_case, text) and domain values. Our own rows are trusted by their digests, not parsed again. */

export type RunRow = Record<string, string | number | null>

export function runRow(run: Run): RunRow {
  return {
    run_id: run.runId,
    machine: run.machine,
    version: run.version,
    definition_digest: run.definitionDigest,
    mode: run.mode,
    input: JSON.stringify(run.input),
    start_key: run.startKey,
    started_by: run.startedBy,
    os_user: run.osUser,
    started_at: run.startedAt,
    updated_at: run.updatedAt,
    worked_ms: run.workedMs,
    seq: run.seq,
    status: run.status,
    state: run.state,
    phase: run.phase,
    stop_code: run.stopCode,
    stop: stopText(run),
    outcome: run.outcome,
    gate: run.gate,
    gate_seq: run.gateSeq,
    gate_head: run.gateHead,
    plan_digest: run.planDigest,
    output: JSON.stringify(run.output),
    snapshot: run.snapshot,
    snapshot_digest: run.snapshotDigest,
    head: run.head,
  }
}

const stopText = ({ stop }: Run) => (stop === null ? null : JSON.stringify(stop))

/** Throws STORE_TAMPERED when the stored snapshot is not the one that its history entry was made with. */
export function readRunRow(row: RunRow): Run {
  return withJsonErrorsNamed(row.run_id as string, () => readRun(row))
}

/** Every JSON of ours was valid when it was written: what can't be read was edited. */
export function withJsonErrorsNamed<T>(runId: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw tamperedRunError(runId, `a part of it is no JSON any more (${error.message})`)
  }
}

function readRun(row: RunRow): Run {
  const run = {
    runId: row.run_id,
    machine: row.machine,
    version: row.version,
    definitionDigest: row.definition_digest,
    mode: row.mode,
    input: JSON.parse(row.input as string),
    startKey: row.start_key,
    startedBy: row.started_by,
    osUser: row.os_user,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
    workedMs: row.worked_ms,
    seq: row.seq,
    status: row.status,
    state: row.state,
    phase: row.phase,
    stopCode: row.stop_code,
    stop: row.stop === null ? null : JSON.parse(row.stop as string),
    outcome: row.outcome,
    gate: row.gate,
    gateSeq: row.gate_seq,
    gateHead: row.gate_head,
    planDigest: row.plan_digest,
    output: JSON.parse(row.output as string) as Json,
    snapshot: row.snapshot,
    snapshotDigest: row.snapshot_digest,
    head: row.head,
  } as Run
  if (digestOfBytes(run.snapshot) !== run.snapshotDigest)
    throw tamperedRunError(run.runId, 'its snapshot was edited')
  if (row.entry_snapshot_digest !== run.snapshotDigest || row.entry_hash !== run.head) {
    throw tamperedRunError(run.runId, 'its row does not fit the newest entry of its history')
  }
  const fault = faultInColumns(run, row)
  if (fault !== null)
    throw tamperedRunError(
      run.runId,
      `its row says another ${fault} than the entry and the snapshot behind it`,
    )
  return run
}

/** What the digests don't cover must say the same as what they do cover: people act on these columns. */
function faultInColumns(run: Run, row: RunRow): string | null {
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
  const same = JSON.stringify(context.stop) === JSON.stringify(run.stop) && run.stopCode === run.stop.code
  return same ? null : 'stop'
}

export function entryOfRow(row: RunRow): HistoryEntry {
  return {
    seq: row.seq as number,
    at: row.at as string,
    event: JSON.parse(row.event as string) as RunEvent,
    by: row.by as string,
    state: row.state as string,
    status: row.status as Status,
    snapshotDigest: row.snapshot_digest as string,
    previousHash: row.previous_hash as string,
    hash: row.hash as string,
  }
}

export function effectOfRow(row: RunRow): EffectRow {
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

export function rowOfApproval(approval: Approval): RunRow {
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

export function approvalOfRow(row: RunRow): Approval {
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

export function rowOfCloseoutSignature(signature: CloseoutSignature): RunRow {
  return {
    run_id: signature.runId,
    kind: signature.kind,
    signer: signature.signer,
    statement_text: signature.statementText,
    signature: signature.signature,
    public_key: signature.publicKey,
    at: signature.at,
  }
}

export function closeoutSignatureOfRow(row: RunRow): CloseoutSignature {
  return {
    runId: row.run_id,
    kind: row.kind,
    signer: row.signer,
    statementText: row.statement_text,
    signature: row.signature,
    publicKey: row.public_key,
    at: row.at,
  } as CloseoutSignature
}

export function evidenceOfRow(row: RunRow): EvidenceRow {
  return {
    seq: row.seq as number,
    name: row.name as string,
    digest: row.digest as string,
    mediaType: row.media_type as string,
    bytes: row.bytes as number,
  }
}

/** The effects of a step as rows held by an owner: what `advance` answers with. */
export function claimedEffects(step: Step, owner: Owner, until: string): EffectRow[] {
  const { seq } = step.entry
  return step.effectsAsked.map(({ invokeId, name, input }) => {
    return { invokeId, name, input, seq, owner, leaseUntil: until, attempt: 1 }
  })
}
