import type { StepRequest } from '../run-store.ts'
import { entryColumns, RUN_COLUMNS, STEP_COLUMNS } from '../sqlite/columns.ts'
import { ownerText } from '../sqlite/pack-steps.ts'
import { FILTER_COLUMNS, waitsSince } from './statements.ts'
import { entryValues, startValues, updateValues } from './step-statements.ts'

/** From about this number on, more steps in one statement save nothing (measured with PostgreSQL 15). */
export const MOST_STEPS = 128

/**
 * What steps change in the tables that every step changes: a statement for steps that move runs, and one for first steps. Each has an array for each
 * column, and answers the ids of the runs whose steps it saved; the others are as they were. `furtherStatements` saves the rest in the same transaction.
 */
export interface GroupStatement {
  text: string
  values: unknown[][]
}

type Values = { [column: string]: unknown }

const TYPES: { [column: string]: string } = {
  seq: 'integer',
  gate_seq: 'integer',
  worked_ms: 'bigint',
  nth: 'integer',
}
const ASKED = ['asked', 'asked_name', 'asked_input', 'owner', 'lease_until']

const unique = (columns: string[]) => [...new Set(columns)]
const MOVE_COLUMNS = unique([
  ...['run_id', 'nth', 'previous_hash', 'outcome', 'version', 'definition_digest'],
  ...STEP_COLUMNS.map(([column]) => column),
  ...entryColumns,
  ...['effect_done', 'approval_used', ...ASKED],
])
const RUN = [...RUN_COLUMNS.map(({ column }) => column), 'waits_since', ...FILTER_COLUMNS]
const START_COLUMNS = unique([...RUN, 'nth', ...entryColumns, ...ASKED])

const unnested = (columns: string[]) => {
  const arrays = columns.map((column, index) => `$${index + 1}::${TYPES[column] ?? 'text'}[]`)
  return `select * from unnest(${arrays.join(', ')}) as t(${columns.join(', ')})`
}
const given = (column: string) => `g.${column}`
const changes = STEP_COLUMNS.map(([column]) => `${column} = g.${column}`)

/** The entries and the asked effects of the rows of a query. `nth` tells the places of one transaction apart. */
const savedFrom = (source: string) => `
entries as (
  insert into cutter_store.history (run_id, ${entryColumns.join(', ')}, place)
  select run_id, ${entryColumns.join(', ')}, (select cutter_store.place(0)) + nth from ${source}),
asked as (
  insert into cutter_store.effects (run_id, invoke_id, seq, name, input, owner, lease_until, attempt)
  select run_id, asked, seq, asked_name, asked_input, owner, lease_until, 1 from ${source} where asked is not null)`

/**
 * Steps of different runs. The runs are locked in the order of their ids, so that two batches wait for each other in one direction alone. A row that a
 * lock waited for is read again, and loses by `seq` and `head`. What depends on the moved runs is read from what the update returns: the server expects
 * one row of it, and would compare each step with each other one wherever it had to be joined.
 */
const MOVE = `
with given as materialized (
  ${unnested(MOVE_COLUMNS)}),
locked as materialized (
  select run_id, seq, head from cutter_store.runs where run_id = any($1::text[]) order by run_id for no key update),
held as materialized (
  select e.run_id from given g join cutter_store.effects e
    on e.run_id = g.run_id and e.invoke_id = g.effect_done and e.owner = g.owner order by e.run_id for update of e),
unused as materialized (
  select a.approval_id from given g join cutter_store.approvals a
    on a.approval_id = g.approval_used and a.run_id = g.run_id and a.used_seq is null order by a.approval_id for no key update of a),
moved as (
  update cutter_store.runs r set waits_since = ${waitsSince(given)}, outcome = g.outcome, ${changes.join(', ')},
    version = coalesce(g.version, r.version), definition_digest = coalesce(g.definition_digest, r.definition_digest)
  from given g join locked l on l.run_id = g.run_id and l.seq = g.seq - 1 and l.head = g.previous_hash
  where r.run_id = g.run_id and r.seq = g.seq - 1 and r.head = g.previous_hash
    and (g.effect_done is null or g.run_id in (select run_id from held))
    and (g.approval_used is null or g.approval_used in (select approval_id from unused))
  returning g.*),
done as (
  delete from cutter_store.effects e using moved m where e.run_id = m.run_id and e.invoke_id = m.effect_done),
used as (
  update cutter_store.approvals a set used_seq = m.seq, used_at = m.at from moved m where a.approval_id = m.approval_used),
${savedFrom('moved')}
select run_id from moved`

/** First steps of new runs. A run whose start key another run has is not made. */
const START = `
with given as materialized (
  ${unnested(START_COLUMNS)}),
keys as (
  insert into cutter_store.start_keys (start_key, run_id)
  select start_key, run_id from given where start_key is not null order by start_key on conflict do nothing returning start_key, run_id),
started as materialized (
  select * from given where start_key is null or (start_key, run_id) in (select start_key, run_id from keys)),
made as (
  insert into cutter_store.runs (${RUN.join(', ')}) select ${RUN.join(', ')} from started),
${savedFrom('started')}
select run_id from started`

/** The statements for steps of different runs. */
export function groupStatements(requests: StepRequest[]): GroupStatement[] {
  const rows = requests.map((request, nth): Values => ({ ...valuesOf(request), nth }))
  const isFirst = ({ seq }: Values) => seq === 1
  return [
    { text: MOVE, columns: MOVE_COLUMNS, of: rows.filter((row) => !isFirst(row)) },
    { text: START, columns: START_COLUMNS, of: rows.filter(isFirst) },
  ].flatMap(({ text, columns, of }) =>
    of.length === 0 ? [] : [{ text, values: columns.map((column) => of.map((row) => row[column] ?? null)) }],
  )
}

/** The effect that the group’s statement inserts. One statement can’t remove a row and insert it again, so such effects come later. */
export function firstAsked({ step }: StepRequest) {
  const [asked] = step.effectsAsked
  const isRemoved = step.effectsDropped.length > 0 || asked?.invokeId === step.effectDone
  return asked === undefined || isRemoved ? null : asked
}

function valuesOf(request: StepRequest): Values {
  const { step, lease } = request
  const asked = firstAsked(request)
  return {
    ...(step.entry.seq === 1 ? startValues(step.run) : updateValues(step.run, step.entry)),
    ...entryValues(step),
    effect_done: step.effectDone,
    approval_used: step.approvalUsed,
    asked: asked?.invokeId,
    asked_name: asked?.name,
    asked_input: asked === null ? null : JSON.stringify(asked.input),
    owner: ownerText(lease.owner),
    lease_until: lease.until,
  }
}
