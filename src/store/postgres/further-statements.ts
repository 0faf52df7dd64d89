import type { StepRequest } from '../run-store.ts'
import { messageRow } from '../sqlite/message-rows.ts'
import { ownerText } from '../sqlite/pack-steps.ts'
import { firstAsked, type GroupStatement } from './group-statement.ts'

type Values = unknown[]

/** Saves rows of one table for many steps: an array for each of their columns. */
interface FurtherStatement {
  text: string
  rows(request: StepRequest): Values[]
  /** By which rows are locked, so that two batches wait for each other in one direction alone. */
  inOrder?: boolean
}

const FURTHER: FurtherStatement[] = [
  {
    text: `delete from cutter_store.effects e using unnest($1::text[], $2::text[]) as g(run_id, invoke_id)
      where e.run_id = g.run_id and e.invoke_id = g.invoke_id`,
    rows: ({ step }) => step.effectsDropped.map((invokeId) => [step.run.runId, invokeId]),
  },
  {
    text: `insert into cutter_store.effects (run_id, invoke_id, seq, name, input, owner, lease_until, attempt)
      select g.*, 1 from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[]) as g`,
    rows(request) {
      const { step, lease } = request
      const later = step.effectsAsked.slice(firstAsked(request) === null ? 0 : 1)
      return later.map(({ invokeId, name, input }) => [
        ...[step.run.runId, invokeId, step.entry.seq, name, JSON.stringify(input)],
        ...[ownerText(lease.owner), lease.until],
      ])
    },
  },
  {
    text: `delete from cutter_store.timers t using unnest($1::text[], $2::text[]) as g(run_id, timer_id)
      where t.run_id = g.run_id and t.timer_id = g.timer_id`,
    rows: ({ step }) => step.timersDropped.map((timerId) => [step.run.runId, timerId]),
  },
  {
    text: `insert into cutter_store.timers (run_id, timer_id, due_at, event)
      select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])`,
    rows: ({ step }) =>
      step.timersAsked.map(({ timerId, dueAt, event }) => [
        ...[step.run.runId, timerId, dueAt, JSON.stringify(event)],
      ]),
  },
  {
    text: `insert into cutter_store.evidence (digest, media_type, bytes)
      select * from unnest($1::text[], $2::text[], $3::bytea[]) on conflict (digest) do nothing`,
    rows: ({ step }) =>
      step.evidence.map(({ digest, mediaType, bytes }) => [
        // A view of bytes that the driver sends as they are.
        ...[digest, mediaType, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)],
      ]),
    inOrder: true,
  },
  {
    text: `insert into cutter_store.run_evidence (run_id, seq, name, digest)
      select * from unnest($1::text[], $2::integer[], $3::text[], $4::text[])`,
    rows: ({ step }) =>
      step.evidence.map(({ name, digest }) => [step.run.runId, step.entry.seq, name, digest]),
  },
  {
    text: `insert into cutter_store.outbox (message_id, receiver, kind, run_id, seq, at, facts, next_at)
      select g.*, g.at from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[])
        as g(message_id, receiver, kind, run_id, seq, at, facts)
      on conflict (message_id, receiver) do nothing`,
    rows: ({ step }) =>
      (step.messages ?? []).map((message) => {
        const row = messageRow(message)
        return [row.message_id, row.receiver, row.kind, row.run_id, row.seq, row.at, row.facts]
      }),
    // The order in which they are delivered is that of the steps, and a message is of one run, which the batch has locked.
  },
]

/** Bytes of evidence, from which a step is saved alone: an array has them as text, twice as long. */
const MOST_BYTES = 1_000_000

/** Whether a step fits into a statement with others. */
export const isSmall = ({ step }: StepRequest) =>
  step.evidence.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) <= MOST_BYTES

/** What steps save in addition to `groupStatements`; a statement for each table that they change. */
export function furtherStatements(requests: StepRequest[]): GroupStatement[] {
  return FURTHER.flatMap(({ text, rows, inOrder = false }) => {
    const found = requests.flatMap(rows)
    if (found.length === 0) return []
    if (inOrder) found.sort(([one], [other]) => ((one as string) < (other as string) ? -1 : 1))
    return [{ text, values: found[0]!.map((_, column) => found.map((row) => row[column] ?? null)) }]
  })
}
