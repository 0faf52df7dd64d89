import type { StatementName } from './statements.ts'
import type { StepRow } from './step-row.ts'

/** A statement of a step and what it binds. */
export interface Write {
  statement: StatementName
  values: unknown[] | { [name: string]: unknown }
  /** What must come of it: otherwise the whole step is refused. */
  must: 'change' | 'find-nothing' | null
  /** Why it is refused then. */
  refusal: string | null
}

const write = (statement: StatementName, values: Write['values']): Write => {
  return { statement, values, must: null, refusal: null }
}
const changing = (statement: StatementName, values: Write['values'], refusal: string): Write => {
  return { statement, values, must: 'change', refusal }
}
const MOVED_ON = 'it has moved on since'

/** All statements of a step. The run's own row comes first: a step that comes too late is refused before anything is written. */
export function writesOf(row: StepRow): Write[] {
  const { runId, seq, at, approvalUsed, rest } = row
  const writes = writesOfRun(row)
  writes.push(write('insertEntry', valuesOfEntry(row)))
  for (const invokeId of rest?.effectsDropped ?? [])
    writes.push(write('deleteEffect', { run_id: runId, invoke_id: invokeId }))
  pushEffects(writes, row)
  for (const timerId of rest?.timersDropped ?? [])
    writes.push(write('deleteTimer', { run_id: runId, timer_id: timerId }))
  for (const { timerId, dueAt, event } of rest?.timersAsked ?? []) {
    const timer = { run_id: runId, timer_id: timerId, due_at: dueAt, event: JSON.stringify(event) }
    writes.push(write('insertTimer', timer))
  }
  if (approvalUsed !== null) {
    const use = { approval_id: approvalUsed, run_id: runId, used_seq: seq, used_at: at }
    writes.push(changing('useApproval', use, `approval ${approvalUsed} was already used`))
  }
  for (const { name, digest, mediaType, bytes } of rest?.evidence ?? []) {
    writes.push(write('insertEvidence', { digest, media_type: mediaType, bytes }))
    writes.push(write('insertRunEvidence', { run_id: runId, seq, name, digest }))
  }
  return writes
}

function writesOfRun(row: StepRow): Write[] {
  const { rest, status, outcome } = row
  const made = rest?.made ?? null
  if (made !== null) {
    const { start_key } = made
    const keyIsFree: Write = {
      statement: 'runOfKey',
      values: [start_key],
      must: 'find-nothing',
      refusal: null,
    }
    return start_key === null ? [write('insertRun', made)] : [keyIsFree, write('insertRun', made)]
  }
  // Only what closes a run names the column that the index of open runs looks at.
  const values = valuesOfUpdate(row)
  const updated =
    status === 'closed'
      ? changing('closeRun', [outcome, ...values], MOVED_ON)
      : changing('updateRun', values, MOVED_ON)
  return rest?.upgradedTo == null ? [updated] : [upgraded(row, rest.upgradedTo), updated]
}

function upgraded(row: StepRow, to: { version: string; definitionDigest: string }): Write {
  const { runId: run_id, seq, previousHash: head } = row
  const { version, definitionDigest: definition_digest } = to
  return changing('upgradeRun', { run_id, version, definition_digest, seq: seq - 1, head }, MOVED_ON)
}

/** The columns that a step changes, then the row as it must be found. */
function valuesOfUpdate(row: StepRow): unknown[] {
  return [
    ...[row.at, row.workedMs, row.seq, row.status, row.state, row.phase, row.stopCode, row.stop],
    ...[row.gate, row.gateSeq, row.gateHead, row.planDigest, row.output, row.snapshot],
    ...[row.snapshotDigest, row.hash],
    ...[row.runId, row.seq - 1, row.previousHash],
  ]
}

function valuesOfEntry(row: StepRow): unknown[] {
  const { runId, seq, at, event, by, state, status, snapshotDigest, previousHash, hash } = row
  return [runId, seq, at, event, by, state, status, snapshotDigest, previousHash, hash]
}

function pushEffects(writes: Write[], row: StepRow): void {
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
