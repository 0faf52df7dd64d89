import { HISTORY_FIELDS, type HistoryField, historyFields } from '../../domain/history-entry.ts'
import { STEP_COLUMNS } from './columns.ts'
import { digestBytes } from './digest-bytes.ts'
import { messageRow } from './message-rows.ts'
import { packText } from './packed-text.ts'
import type { Row } from './row.ts'
import type { StatementName } from './statements.ts'
import type { StepRow } from './step-row.ts'

/** A statement of a step, with the values that it binds. */
export interface StepStatement {
  statement: StatementName
  values: unknown[] | { [name: string]: unknown }
  /** What its result must be. Otherwise the complete step is refused. */
  must: 'change' | 'find-nothing' | null
  /** The reason of that refusal. */
  refusal: string | null
  /** Replaces it where it changes nothing. */
  otherwise?: StepStatement
}

type Values = StepStatement['values']

const plain = (statement: StatementName, values: Values): StepStatement => {
  return { statement, values, must: null, refusal: null }
}
const changing = (statement: StatementName, values: Values, refusal: string): StepStatement => {
  return { statement, values, must: 'change', refusal }
}
const STEP_FIELDS = STEP_COLUMNS.map(([, field]) => field)
const FIELDS_AT_WORK = STEP_FIELDS.filter((field) => field !== 'status')
const MOVED_ON = 'another process changed it in the meantime'

/** All statements of a step in their order. The entry comes before the run's row, which links to the entry's id. */
export function stepStatements(row: StepRow): StepStatement[] {
  const { runId, seq, at, approvalUsed, rest } = row
  const entry = plain('insertEntry', entryValues(row))
  const statements = rest?.made == null ? [entry, ...runUpdates(row)] : runInserts(rest.made, entry)
  for (const invokeId of rest?.effectsDropped ?? [])
    statements.push(plain('deleteEffect', { run_id: runId, invoke_id: invokeId }))
  pushEffects(statements, row)
  if (approvalUsed !== null) {
    const use = { approval_id: approvalUsed, run_id: runId, used_seq: seq, used_at: at }
    statements.push(changing('useApproval', use, `approval ${approvalUsed} was already used`))
  }
  if (rest === null) return statements
  for (const timerId of rest.timersDropped)
    statements.push(plain('deleteTimer', { run_id: runId, timer_id: timerId }))
  for (const { timerId, dueAt, event } of rest.timersAsked) {
    const timer = { run_id: runId, timer_id: timerId, due_at: dueAt, event: JSON.stringify(event) }
    statements.push(plain('insertTimer', timer))
  }
  for (const { name, digest, mediaType, bytes } of rest.evidence) {
    statements.push(plain('insertEvidence', { digest, media_type: mediaType, bytes }))
    statements.push(plain('insertRunEvidence', { run_id: runId, seq, name, digest }))
  }
  for (const message of rest.messages) statements.push(plain('insertMessage', messageRow(message)))
  return statements
}

function runInserts(run: Row, entry: StepStatement): StepStatement[] {
  const { run_id, start_key } = run
  const inserts = [plain('insertRun', run), entry, changing('setNewestEntry', [run_id], MOVED_ON)]
  if (start_key === null) return inserts
  return [{ statement: 'runOfKey', values: [start_key], must: 'find-nothing', refusal: null }, ...inserts]
}

function runUpdates(row: StepRow): StepStatement[] {
  const { runId, seq, previousHash, rest } = row
  const updated = runUpdate(row)
  if (rest?.upgradedTo == null) return [updated]
  const { version, definitionDigest: definition_digest } = rest.upgradedTo
  const upgrade = { run_id: runId, version, definition_digest, seq: seq - 1, head: previousHash }
  return [changing('upgradeRun', upgrade, MOVED_ON), updated]
}

function runUpdate(row: StepRow): StepStatement {
  const { status, snapshot, snapshotDigest, gateSeq, outcome } = row
  // Nothing follows the snapshot of a closed run, so that is packed.
  if (status === 'closed') {
    const values = [outcome, packText(snapshot), ...updateValues({ ...row, snapshot: '' })]
    return changing('closeRun', values, MOVED_ON)
  }
  const values = [status, snapshotDigest, gateSeq, ...updateValues(row)]
  const updated = changing('updateRun', values, MOVED_ON)
  if (status !== 'working') return updated
  // Nearly always it was working before.
  return { ...changing('continueRun', updateValues(row, FIELDS_AT_WORK), MOVED_ON), otherwise: updated }
}

/** The fields of the entry in the order of their columns, then the run whose newest entry it follows. */
export function entryValues(row: Pick<StepRow, HistoryField | 'runId'>): unknown[] {
  const values: unknown[] = []
  for (const field of historyFields) {
    const { kind } = HISTORY_FIELDS[field]
    // The entry before has it.
    if (field === 'previousHash' && row.seq > 1) values.push(null)
    else if (kind === 'digest') values.push(digestBytes(row[field] as string))
    else values.push(kind === 'event' ? packText(row.event) : row[field])
  }
  values.push(row.runId)
  return values
}

/** The columns that a step changes, then the values by which the row is found. */
function updateValues(row: StepRow, fields = STEP_FIELDS): unknown[] {
  const values: unknown[] = []
  for (const field of fields) values.push(row[field])
  values.push(row.runId, row.seq - 1, row.previousHash)
  return values
}

function pushEffects(statements: StepStatement[], row: StepRow): void {
  const { runId, seq, effectDone, asked, askedName, askedInput, owner, leaseUntil } = row
  const insert = (invokeId: unknown, name: unknown, input: unknown) =>
    statements.push(plain('insertEffect', [runId, invokeId, seq, name, input, owner, leaseUntil]))
  if (effectDone !== null) {
    // The row of the finished effect becomes the row of the next one: one statement ends a lease and begins another.
    const held = [runId, effectDone, owner]
    const lost = `the effect ${effectDone} is claimed by another process`
    if (asked === null) statements.push(changing('deleteDoneEffect', held, lost))
    else {
      const next = [asked, seq, askedName, askedInput, leaseUntil]
      statements.push(changing('reassignEffect', [...next, ...held], lost))
    }
  } else if (asked !== null) insert(asked, askedName, askedInput)
  for (const also of row.rest?.alsoAsked ?? []) insert(also.asked, also.askedName, also.askedInput)
}
