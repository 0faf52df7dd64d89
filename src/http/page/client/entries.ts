import type { Entry, Json } from './answers.ts'
import { phaseWords } from './phase-words.ts'

/** Who made a step. An entry that came in by a command or by the API does not tell a person from a program. */
type Author = 'engine' | 'service' | 'agent' | 'person' | 'unknown'

const THROUGH: { [through: string]: Author } = { mcp: 'agent', page: 'person' }

const authorOf = ({ by, event }: Pick<Entry, 'by' | 'event'>): Author => {
  if (by === 'engine') return 'engine'
  return by === 'cutter-service' ? 'service' : (THROUGH[String(event.through)] ?? 'unknown')
}

/** Names who made a step, with what is known of them. */
export function describeAuthor(entry: Pick<Entry, 'by' | 'event'>): { word: string; name: string | null } {
  const author = authorOf(entry)
  if (author === 'engine') return { word: 'engine', name: null }
  if (author === 'service') return { word: 'the service', name: null }
  return { word: author === 'unknown' ? 'person or program' : author, name: entry.by }
}

/** What an entry of a history says, for people. */
interface Words {
  text: string
  /** The name of a phase, which the command line and the API have for it; null where no phase ran. */
  phase: string | null
  /** What came with it: a reason, a refusal, a stop. */
  detail: string | null
  kind: Author | 'refusal' | 'failure'
}

const NAMES: { [event: string]: string } = {
  'cutter.start': 'Started',
  'cutter.approval-refused': 'Refused an approval',
  'cutter.cancelled': 'Cancelled',
  'cutter.abandoned': 'Cancelled',
  'cutter.run-abandoned': 'Abandoned',
  'cutter.upgraded': 'Continued under another version of the machine',
  APPROVE: 'Approval brought',
  REJECT: 'Rejection brought',
  VOID: 'Voided',
  CANCEL: 'Cancelled',
  RETRY: 'Resumed after a stop',
}

/** A write that a probe found on the target was not made again. */
const RAN: { [ran: string]: string } = { simulate: ' (simulated)', probe: ' (found done)' }

const textOf = (value: Json | undefined) => (typeof value === 'string' && value !== '' ? value : null)

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)

/** Tells an entry of a run of `machine` in words. */
export function tell(entry: Entry, machine: string): Words {
  const { event } = entry
  const [, kind, actor = ''] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event.type) ?? []
  const detail = textOf(event.message) ?? textOf(event.reason) ?? textOf(errorOf(event.error))
  if (kind !== undefined) {
    const does = sentence(phaseWords(machine, actor))
    return kind === 'done'
      ? { text: `${does}${RAN[String(event.ran)] ?? ''}`, phase: actor, detail, kind: 'engine' }
      : { text: `${does}: stopped`, phase: actor, detail, kind: 'failure' }
  }
  const isRefusal = event.type === 'cutter.approval-refused'
  const name = event.type.startsWith('xstate.after') ? 'Arrived' : (NAMES[event.type] ?? event.type)
  const who = textOf(event.approver)
  return {
    text: who === null ? name : `${name}, signed by ${who}`,
    phase: null,
    detail,
    kind: isRefusal ? 'refusal' : authorOf(entry),
  }
}

const errorOf = (error: Json | undefined) =>
  error !== null && typeof error === 'object' && !Array.isArray(error) ? error.message : undefined

/** How long an entry took or was waited for, in milliseconds. */
export interface Span {
  ms: number
  /** Waiting for people or for help is not work. */
  isWait: boolean
}

/** The time before each entry. The first one took none. */
export function spansOf(entries: Entry[]): Span[] {
  return entries.map((entry, at) => {
    const before = entries[at - 1]
    if (before === undefined) return { ms: 0, isWait: false }
    const ms = Math.max(0, Date.parse(entry.at) - Date.parse(before.at))
    return { ms, isWait: before.status === 'paused' || before.status === 'stopped' }
  })
}

/** A number that a run reports from before and from after. */
export interface Counted {
  name: string
  before: number | null
  after: number | null
}

/** Finds numbers that stand both in a `before` and in an `after`, at the same place. */
export function findCounts(output: Json): Counted[] {
  if (output === null || typeof output !== 'object') return []
  if (!Array.isArray(output) && isObject(output.before) && isObject(output.after)) {
    const [before, after] = [leaves(output.before), leaves(output.after)]
    return [...new Set([...before.keys(), ...after.keys()])]
      .map((name) => ({ name, before: before.get(name) ?? null, after: after.get(name) ?? null }))
      .filter((one) => one.before !== null && one.after !== null)
      .sort((a, b) => Number(b.before !== b.after) - Number(a.before !== a.after))
  }
  return Object.values(output).flatMap(findCounts)
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

function leaves(value: Json, path = ''): Map<string, number> {
  if (typeof value === 'number') return new Map([[path, value]])
  if (!isObject(value)) return new Map()
  return new Map(
    Object.entries(value).flatMap(([key, item]) => [...leaves(item, path === '' ? key : `${path} · ${key}`)]),
  )
}
