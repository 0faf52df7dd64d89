import type { Approval, Statement } from '../../src/domain/approval.ts'
import type { EffectRequest, Owner } from '../../src/domain/effect.ts'
import { genesisHash, hashEntry } from '../../src/domain/history.ts'
import type { HistoryEntry, RunEvent } from '../../src/domain/history-entry.ts'
import { canonicalJson, digestOf, digestOfBytes, sha256 } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import type { Step } from '../../src/domain/step.ts'
import type { Lease } from '../../src/store/run-store.ts'
import { aRun } from '../support/run-fixture.ts'

/** Steps made by hand, each following the one before it: a store need not know what a machine is. */

export const me: Owner = { id: '1', host: 'here', pid: 100 }
export const other: Owner = { id: '2', host: 'here', pid: 200 }
export const UNTIL = '2026-03-01T10:00:00.000Z'
export const mine: Lease = { owner: me, until: UNTIL }
export const theirs: Lease = { owner: other, until: UNTIL }

type Changes = Partial<Omit<Step, 'run' | 'entry'>> & { run?: Partial<Run>; event?: RunEvent }

export const anEffect = (invokeId: string, changes: Partial<EffectRequest> = {}): EffectRequest => ({
  invokeId,
  name: invokeId,
  input: { of: invokeId },
  ...changes,
})

let count = 0

/** The first step of a new run, which works in PENDING and asks for the effect `source_pin`. */
export function firstStep(changes: Changes = {}): Step {
  const runId = `ictr-20260301T090000Z-${(++count).toString(16).padStart(8, '0')}`
  const before = aRun({
    status: 'working',
    state: 'PENDING',
    phase: 'source_pin',
    runId,
    ...(changes.run as object),
  })
  return stepOf(
    before,
    { seq: 1, previousHash: genesisHash(before) },
    {
      effectsAsked: [anEffect('source_pin')],
      event: { type: 'cutter.start' },
      ...changes,
    },
  )
}

/** The step after the run's newest one. It asks for nothing and ends nothing by default. */
export function stepAfter(before: Run, changes: Changes = {}): Step {
  return stepOf(before, { seq: before.seq + 1, previousHash: before.head }, changes)
}

function stepOf(before: Run, place: { seq: number; previousHash: string }, changes: Changes): Step {
  const { run: columns, event = { type: 'TICK' }, ...rest } = changes
  const snapshot = JSON.stringify({ seq: place.seq, marks: 'Điều 5 · “x”' })
  const moved = { ...before, snapshot, snapshotDigest: digestOfBytes(snapshot), ...columns, seq: place.seq }
  const content: Omit<HistoryEntry, 'hash'> = {
    ...place,
    at: moved.updatedAt,
    event,
    by: 'engine',
    state: moved.state,
    status: moved.status,
    snapshotDigest: moved.snapshotDigest,
  }
  const entry = { ...content, hash: hashEntry(content) }
  return {
    run: { ...moved, head: entry.hash } as Run,
    entry,
    eventText: JSON.stringify(event),
    effectDone: null,
    effectsAsked: [],
    effectsDropped: [],
    timersAsked: [],
    timersDropped: [],
    approvalUsed: null,
    evidence: [],
    ...rest,
  }
}

/** Columns of a run that waits at SG1. */
export const atGate = (run: Run): Partial<Run> => ({
  ...aRun({ status: 'paused' }),
  runId: run.runId,
  startKey: run.startKey,
  startedAt: run.startedAt,
  machine: run.machine,
})

export function anApproval(run: Run, changes: Partial<Statement> & { signature?: string } = {}): Approval {
  const { signature, ...fields } = changes
  const statement: Statement = {
    type: 'cutter.approval/v1',
    runId: run.runId,
    machine: run.machine,
    version: run.version,
    gate: 'SG1',
    seq: run.seq,
    historyHead: run.head,
    planDigest: run.planDigest ?? digestOf('plan'),
    decision: 'approve',
    approver: 'alice@example.org',
    reason: 'read and agreed',
    issuedAt: '2026-03-01T09:02:00.000Z',
    expiresAt: '2026-03-02T09:02:00.000Z',
    nonce: 'nonce',
    ...fields,
  }
  const statementText = canonicalJson(statement)
  return {
    approvalId: `ap-${sha256(statementText).slice(0, 32)}`,
    statement,
    statementText,
    importedAt: '2026-03-01T09:03:00.000Z',
    usedSeq: null,
    usedAt: null,
    ...(signature === undefined
      ? { kind: 'rehearsal' as const, signature: null }
      : { kind: 'signed' as const, signature }),
  }
}
