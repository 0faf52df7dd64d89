import { UPGRADED } from '../../domain/history.ts'
import { HISTORY_FIELDS, historyFields } from '../../domain/history-entry.ts'
import type { Json } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import type { Step } from '../../domain/step.ts'
import type { StepRequest } from '../run-store.ts'
import { messageRow } from '../sqlite/message-rows.ts'
import { ownerText } from '../sqlite/pack-steps.ts'
import { runRow } from '../sqlite/row-mapping.ts'
import { FILTER_COLUMNS, type StatementName } from './statements.ts'

type Values = { [parameter: string]: unknown }

/** A statement of a step, with the values of its parameters. */
export interface StepStatement {
  statement: StatementName
  values: Values
  /** Why the complete step is refused where the statement changes nothing; null where it may change nothing. */
  refusal: string | null
}

export const KEY_REUSED = 'key reused'
const MOVED_ON = 'another process changed it in the meantime'

const plain = (statement: StatementName, values: Values): StepStatement => {
  return { statement, values, refusal: null }
}
const changing = (statement: StatementName, values: Values, refusal: string): StepStatement => {
  return { statement, values, refusal }
}

/** All statements of a step in their order. The row of its run comes first: whoever has it moves the run. */
export function stepStatements({ step, lease }: StepRequest): StepStatement[] {
  const { run, entry, approvalUsed, effectDone } = step
  const { runId } = run
  const owner = ownerText(lease.owner)
  const statements = [...runStatements(step), plain('insertEntry', entryValues(step))]
  for (const invokeId of step.effectsDropped)
    statements.push(plain('deleteEffect', { run_id: runId, invoke_id: invokeId }))
  if (effectDone !== null) {
    const done = { run_id: runId, invoke_id: effectDone, owner }
    const lost = `the effect ${effectDone} is claimed by another process`
    statements.push(changing('deleteDoneEffect', done, lost))
  }
  for (const { invokeId, name, input } of step.effectsAsked) {
    const asked = { invoke_id: invokeId, seq: entry.seq, name, input: JSON.stringify(input) }
    statements.push(plain('insertEffect', { run_id: runId, ...asked, owner, lease_until: lease.until }))
  }
  if (approvalUsed !== null) {
    const use = { approval_id: approvalUsed, run_id: runId, used_seq: entry.seq, used_at: entry.at }
    statements.push(changing('useApproval', use, `approval ${approvalUsed} was already used`))
  }
  statements.push(...furtherStatements(step))
  return statements
}

function runStatements({ run, entry }: Step): StepStatement[] {
  const { runId, startKey } = run
  if (entry.seq > 1) return [changing('updateRun', updateValues(run, entry), MOVED_ON)]
  const made = plain('insertRun', startValues(run))
  if (startKey === null) return [made]
  return [changing('insertKey', { start_key: startKey, run_id: runId }, KEY_REUSED), made]
}

function furtherStatements({ run, entry, ...step }: Step): StepStatement[] {
  const { runId } = run
  const statements: StepStatement[] = []
  for (const timerId of step.timersDropped)
    statements.push(plain('deleteTimer', { run_id: runId, timer_id: timerId }))
  for (const { timerId, dueAt, event } of step.timersAsked) {
    const timer = { run_id: runId, timer_id: timerId, due_at: dueAt, event: JSON.stringify(event) }
    statements.push(plain('insertTimer', timer))
  }
  for (const { name, digest, mediaType, bytes } of step.evidence) {
    // A view of bytes that the driver sends as they are.
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    statements.push(plain('insertEvidence', { digest, media_type: mediaType, bytes: content }))
    statements.push(plain('insertRunEvidence', { run_id: runId, seq: entry.seq, name, digest }))
  }
  for (const message of step.messages ?? []) statements.push(plain('insertMessage', messageRow(message)))
  return statements
}

/** The values of `insertRun`: the complete row. */
export function startValues(run: Run): Values {
  const waits_since = run.status === 'paused' || run.status === 'stopped' ? run.updatedAt : null
  return { ...runRow(run), waits_since, ...filterValues(run) }
}

/** The values of `updateRun`: the row that the step leaves, and the entry that it follows. */
export function updateValues(run: Run, entry: Step['entry']): Values {
  const isUpgrade = entry.event.type === UPGRADED
  return {
    ...runRow(run),
    ...{ updated_at: entry.at, seq: entry.seq, state: entry.state, status: entry.status, head: entry.hash },
    ...{ before: entry.seq - 1, previous_hash: entry.previousHash },
    version: isUpgrade ? run.version : null,
    definition_digest: isUpgrade ? run.definitionDigest : null,
  }
}

/** The columns of the step’s entry. */
export function entryValues({
  run,
  entry,
  eventText,
}: Pick<Step, 'entry' | 'eventText'> & { run: Pick<Run, 'runId'> }): Values {
  const values: Values = { run_id: run.runId }
  for (const field of historyFields) {
    const { column, kind } = HISTORY_FIELDS[field]
    values[column] = kind === 'event' ? eventText : entry[field]
  }
  return values
}

function filterValues({ input }: Run): Values {
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : null)
  return Object.fromEntries(FILTER_COLUMNS.map((column) => [column, text(input[column])]))
}
