import type { HistoryEntry } from './history-entry.ts'
import { entryMarks } from './history-facts.ts'
import type { HoldEntry } from './hold.ts'
import type { Json } from './json.ts'
import type { Run } from './run.ts'

/** What messages tell of. The kinds are the `type` of a webhook's payload. */
export const MESSAGE_KINDS = [
  'run.paused',
  'run.reminder',
  'run.approved',
  'run.refused',
  'run.stopped',
  'run.closed',
  'run.stranded',
  'approval.expiring',
  'hold.on',
  'hold.off',
] as const

export type MessageKind = (typeof MESSAGE_KINDS)[number]

/** Facts of a message as JSON: ids, names and codes, and never what an approver reads or signs. */
export type MessageFacts = { [name: string]: Json }

/** One message for one receiver. */
export interface Message {
  /** The same for all receivers and for all attempts, so that a receiver knows what it has already. */
  messageId: string
  /** A name in cutter.yaml. */
  receiver: string
  kind: MessageKind
  /** Null when it tells of no run. */
  runId: string | null
  /** Of the entry, or of the arrival at the gate at which the run waits. */
  seq: number | null
  /** ISO 8601. */
  at: string
  facts: MessageFacts
}

/** Who gets messages, as cutter.yaml names them. */
export interface Receivers {
  [name: string]: { kinds?: MessageKind[] | undefined; machines?: string[] | undefined }
}

/** The messages that a step causes: one for each receiver that wants it. Most steps cause none. */
export function messagesOfStep(receivers: Receivers, run: Run, entry: HistoryEntry): Message[] {
  const kind = kindOfStep(run, entry)
  if (kind === null) return []
  const { reason } = entry.event
  const why = kind === 'run.refused' && typeof reason === 'string' ? { reason } : {}
  const facts = { ...factsOfRun(run), by: entry.by, ...why }
  return messagesOfRun(receivers, kind, run, { seq: entry.seq, at: entry.at, facts })
}

function kindOfStep(run: Run, entry: HistoryEntry): MessageKind | null {
  const { arrival, approvalUsed } = entryMarks(entry)
  if (entry.event.type === 'cutter.approval-refused') return 'run.refused'
  if (run.status === 'closed') return 'run.closed'
  if (run.status === 'stopped') return 'run.stopped'
  if (approvalUsed !== undefined) return 'run.approved'
  return arrival !== undefined && run.status === 'paused' ? 'run.paused' : null
}

/** What every message on a run tells. */
export function factsOfRun(
  run: Pick<Run, 'runId' | 'machine' | 'mode' | 'state' | 'status' | 'gate' | 'outcome' | 'stopCode'>,
): MessageFacts {
  const { runId, machine, mode, state, status, gate, outcome, stopCode } = run
  const stopped = status === 'stopped' ? { stopCode } : {}
  return { runId, machine, mode, state, status, gate, outcome, ...stopped }
}

/**
 * A message on a run for each receiver that wants it.
 * @param about tells apart messages of one kind on the same entry; part of the id
 */
export function messagesOfRun(
  receivers: Receivers,
  kind: MessageKind,
  { runId, machine }: Pick<Run, 'runId' | 'machine'>,
  { about, ...given }: Pick<Message, 'at' | 'facts'> & { seq: number; about?: string },
): Message[] {
  const messageId = [runId, given.seq, kind, ...(about === undefined ? [] : [about])].join('.')
  return namesOf(receivers, kind, machine).map((receiver) => ({ messageId, receiver, kind, runId, ...given }))
}

/** The messages that a change of the hold causes. A release binds one run, whose operator knows of it. */
export function messagesOfHold(receivers: Receivers, { kind, at, by, reason }: HoldEntry): Message[] {
  if (kind === 'release') return []
  const sent = `hold.${kind}` as const
  const messageId = `${sent}.${at}`
  const facts = { by, ...(reason === null ? {} : { reason }) }
  return namesOf(receivers, sent, null).map((receiver) => {
    return { messageId, receiver, kind: sent, runId: null, seq: null, at, facts }
  })
}

const namesOf = (receivers: Receivers, kind: MessageKind, machine: string | null) =>
  Object.keys(receivers).filter((name) => {
    const { kinds, machines } = receivers[name]!
    return (kinds?.includes(kind) ?? true) && (machine === null || (machines?.includes(machine) ?? true))
  })
