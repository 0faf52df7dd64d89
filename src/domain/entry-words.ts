/** What an entry of a history means to people: phases and decisions, not the events of a chart. */
export interface EntryWords {
  text: string
  /** What came with it: a reason, a refusal, a stop. */
  detail: string | null
  kind: 'person' | 'engine' | 'refusal' | 'failure'
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
 * Describes an entry in words.
 * @param people whose approvals counted for what the entry brought
 */
export function describeEntry(
  { event, by }: { event: { type: string; [field: string]: unknown }; by: string },
  people: string[],
): EntryWords {
  const [, kind, phase = ''] = /^xstate\.(done|error)\.actor\.(.+)$/s.exec(event.type) ?? []
  const detail = textOf(event.message) ?? textOf(event.reason) ?? textOf(messageOf(event.error))
  if (kind === 'done') return { text: `${phase}${RAN[String(event.ran)] ?? ''}`, detail, kind: 'engine' }
  if (kind === 'error') return { text: `${phase} stopped`, detail, kind: 'failure' }
  const name = nameOf(event.type)
  return {
    text: people.length === 0 ? name : `${name}: ${people.join(', ')}`,
    detail,
    kind: event.type === 'cutter.approval-refused' ? 'refusal' : by === 'engine' ? 'engine' : 'person',
  }
}

function nameOf(type: string): string {
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(type) ?? []
  if (delay !== undefined) return delay === '0' ? 'Arrived' : 'A time limit of the chart was over'
  return NAMES[type] ?? type
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)

const messageOf = (error: unknown) => (error as { message?: unknown } | null | undefined)?.message
