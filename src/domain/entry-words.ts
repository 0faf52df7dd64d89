import { type Approver, listApprovers, type Reasons, reasonOf } from './decisions.ts'
import type { RunEvent } from './history-entry.ts'
import { type Author, authorOf } from './history-facts.ts'

/** What an entry of a history means to people: phases and decisions, not the events of a chart. */
export interface EntryWords {
  text: string
  /** Everyone whose approval counted for what the entry brought; null for nobody. */
  people: string | null
  /** What came with it: a reason, a refusal, a stop. */
  detail: string | null
  /** A `person` may be a program that gave a command. */
  kind: 'person' | 'agent' | 'engine' | 'refusal' | 'failure'
}

const NAMES: { [event: string]: string } = {
  'cutter.start': 'Started',
  'cutter.approval-refused': 'Refused an approval',
  'cutter.abandoned': 'Cancelled',
  'cutter.run-abandoned': 'Abandoned',
  'cutter.upgraded': 'Continued under another version of the machine',
  APPROVE: 'Approval brought',
  REJECT: 'Rejection brought',
  VOID: 'Voided',
  CANCEL: 'Cancelled',
  RETRY: 'Resumed after a stop',
}

const RAN: { [ran: string]: string } = { simulate: ' (simulated)', probe: ' (found done)' }

/**
 * Describes an entry in words. A decision says why: its reason is part of what people signed, and not of the event.
 */
export function describeEntry(entry: { event: RunEvent; by: string }, reasons: Reasons): EntryWords {
  const { event, by } = entry
  const [, kind, phase = ''] = /^xstate\.(done|error)\.actor\.(.+)$/s.exec(event.type) ?? []
  const detail = textOf(event.message) ?? textOf(event.reason) ?? textOf(messageOf(event.error))
  if (kind === 'done')
    return { text: `${phase}${RAN[String(event.ran)] ?? ''}`, people: null, detail, kind: 'engine' }
  if (kind === 'error') return { text: `${phase} stopped`, people: null, detail, kind: 'failure' }
  const people = listApprovers(entry)
  return {
    text: event.type === 'REJECT' && event.outcome === 'rejected' ? 'Rejected' : nameOf(event.type),
    people: people.length === 0 ? null : describeApprovers(people),
    detail: detail ?? describeReasons(people, reasons),
    kind: event.type === 'cutter.approval-refused' ? 'refusal' : KINDS[authorOf({ by, event })],
  }
}

/** The names of the people behind a decision. A rehearsal approval, which nobody signs, is marked. */
export const describeApprovers = (approvers: Approver[]): string =>
  approvers.map(({ name, fingerprint }) => (fingerprint === null ? `${name} (not signed)` : name)).join(', ')

/** The reasons that people gave, each with its name where several people decided. Null where nobody gave one. */
export function describeReasons(people: Approver[], reasons: Reasons): string | null {
  const given = people.flatMap(({ name, approvalId }) => {
    const reason = reasonOf(reasons, approvalId)
    return reason === '' ? [] : [people.length === 1 ? reason : `${name}: ${reason}`]
  })
  return given.length === 0 ? null : given.join('; ')
}

/** Whether the words of an entry already say how it closed its run. */
export const saysOutcome = ({ text }: EntryWords, outcome: string | null): boolean =>
  text.toLowerCase() === outcome

const KINDS = {
  engine: 'engine',
  service: 'engine',
  agent: 'agent',
  person: 'person',
  unknown: 'person',
} as const satisfies { [author in Author]: EntryWords['kind'] }

function nameOf(type: string): string {
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(type) ?? []
  if (delay !== undefined) return delay === '0' ? 'Arrived' : 'A time limit of the chart was over'
  return NAMES[type] ?? type
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)

const messageOf = (error: unknown) => (error as { message?: unknown } | null | undefined)?.message
