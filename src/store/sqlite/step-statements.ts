import type { RunRow } from './row-mapping.ts'
import type { StatementName } from './statements.ts'
import type { StepRow } from './step-row.ts'

/** A statement of a step and what it binds. */
export interface StepStatement {
  statement: StatementName
  values: unknown[] | { [name: string]: unknown }
  /** What must come of it: otherwise the whole step is refused. */
  must: 'change' | 'find-nothing' | null
  /** Why it is refused then. */
  refusal: string | null
}

const write = (statement: StatementName, values: StepStatement['values']): StepStatement => {
  return { statement, values, must: null, refusal: null }
}
const changing = (
  statement: StatementName,
  values: StepStatement['values'],
  refusal: string,
): StepStatement => {
  return { statement, values, must: 'change', refusal }
}
const MOVED_ON = 'it has moved on since'

/** All statements of a step, in their order: the run's row takes up the id of the entry before it. */
export function stepStatements(row: StepRow): StepStatement[] {
  const { runId, seq, at, approvalUsed, rest } = row
  const entry = write('insertEntry', valuesOfEntry(row))
  const writes = rest?.made == null ? [entry, ...updates(row)] : made(rest.made, entry)
  for (const invokeId of rest?.effectsDropped ?? [])
    writes.push(write('deleteEffect', { run_id: runId, invoke_id: invokeId }))
  pushEffects(writes, row)
  if (approvalUsed !== null) {
    const use = { approval_id: approvalUsed, run_id: runId, used_seq: seq, used_at: at }
    writes.push(changing('useApproval', use, `approval ${approvalUsed} was already used`))
  }
  if (rest === null) return writes
  for (const timerId of rest.timersDropped)
    writes.push(write('deleteTimer', { run_id: runId, timer_id: timerId }))
  for (const { timerId, dueAt, event } of rest.timersAsked) {
    const timer = { run_id: runId, timer_id: timerId, due_at: dueAt, event: JSON.stringify(event) }
    writes.push(write('insertTimer', timer))
  }
  for (const { name, digest, mediaType, bytes } of rest.evidence) {
    writes.push(write('insertEvidence', { digest, media_type: mediaType, bytes }))
    writes.push(write('insertRunEvidence', { run_id: runId, seq, name, digest }))
  }
  return writes
}

function made(run: RunRow, entry: StepStatement): StepStatement[] {
  const { run_id, start_key } = run
  const writes = [write('insertRun', run), entry, changing('linkFirst', [run_id], MOVED_ON)]
  if (start_key === null) return writes
  return [{ statement: 'runOfKey', values: [start_key], must: 'find-nothing', refusal: null }, ...writes]
}

function updates(row: StepRow): StepStatement[] {
  const { runId, seq, previousHash, rest } = row
  const values = valuesOfUpdate(row)
  // Only what closes a run names the column that the index of open runs looks at.
  const updated =
    row.status === 'closed'
      ? changing('closeRun', [row.outcome, ...values], MOVED_ON)
      : changing('updateRun', values, MOVED_ON)
  if (rest?.upgradedTo == null) return [updated]
  const { version, definitionDigest: definition_digest } = rest.upgradedTo
  const upgrade = { run_id: runId, version, definition_digest, seq: seq - 1, head: previousHash }
  return [changing('upgradeRun', upgrade, MOVED_ON), updated]
}

function valuesOfEntry(row: StepRow): unknown[] {
  const { runId, seq, at, event, by, state, status, snapshotDigest, previousHash, hash } = row
  return [seq, at, event, by, state, status, snapshotDigest, previousHash, hash, runId]
}

/** The columns that a step changes, then the row as it must be found. */
function valuesOfUpdate(row: StepRow): unknown[] {
  const { at, workedMs, seq, status, state, phase, stopCode, stop, gate, gateSeq, gateHead } = row
  const { planDigest, output, snapshot, snapshotDigest, hash, runId, previousHash } = row
  return [
    ...[at, workedMs, seq, status, state, phase, stopCode, stop, gate, gateSeq, gateHead],
    ...[planDigest, output, snapshot, snapshotDigest, hash],
    ...[runId, seq - 1, previousHash],
  ]
}

function pushEffects(writes: StepStatement[], row: StepRow): void {
  const { runId, seq, effectDone, asked, askedName, askedInput, owner, leaseUntil } = row
  const insert = (invokeId: unknown, name: unknown, input: unknown) =>
    writes.push(write('insertEffect', [runId, invokeId, seq, name, input, owner, leaseUntil]))
  if (effectDone !== null) {
    // The finished effect's row passes to the next one: one statement ends a lease and begins another.
    const held = [runId, effectDone, owner]
    const notOurs = `the effect ${effectDone} is no longer ours`
    if (asked === null) writes.push(changing('deleteDone', held, notOurs))
    else writes.push(changing('passOn', [asked, seq, askedName, askedInput, leaseUntil, ...held], notOurs))
  } else if (asked !== null) insert(asked, askedName, askedInput)
  for (const also of row.rest?.alsoAsked ?? []) insert(also.asked, also.askedName, also.askedInput)
}
