import type { Home, Log } from '../../app/open-home.ts'
import type { Config } from '../../config/load-config.ts'
import { joinSignals, withJoinedSignals } from '../../domain/join-signals.ts'
import type { MessageKind } from '../../domain/message.ts'
import type { SecretRegistry } from '../../secrets/redaction.ts'
import type { WaitingMessage } from '../../store/message-store.ts'
import { examineRuns } from '../doctor/open-runs.ts'
import { examineNowAndThen } from '../metrics/stranded-runs.ts'
import { AttemptError } from './attempt-error.ts'
import { composePayload } from './compose-message.ts'
import { deliver } from './deliver.ts'
import { isWanted, saveStranded, saveTimedMessages } from './timed-messages.ts'

/** What delivers messages while a service runs. */
export interface Outbox {
  /** Ends the attempts that are under way. Their messages stay, and are tried again by the next service. */
  close(): Promise<void>
}

export interface OutboxTimes {
  /** The pause after the first attempt that failed; it doubles with each. In milliseconds. */
  firstPause: number
  longestPause: number
  /** How long one attempt may take, in milliseconds. */
  attempt: number
  /** How often reminders and approvals that expire are looked for, in milliseconds. */
  clock: number
  /** How long an examination of open runs counts, in milliseconds. */
  examined: number
}

const TIMES: OutboxTimes = {
  firstPause: 1_000,
  longestPause: 900_000,
  attempt: 10_000,
  clock: 30_000,
  examined: 60_000,
}
/** How often the outbox is looked at although nothing was saved, in milliseconds. */
const LOOK_MS = 1_000
/** How many messages of one receiver are under way at a time. A slow receiver keeps none from others. */
const LANES = 4
/** Dead messages stay so long, in milliseconds. */
const DEAD_KEPT_MS = 30 * 86_400_000
const HOUR_MS = 3_600_000
/** What a clock asked for stays known until the run moves. */
const TIMED: MessageKind[] = ['run.reminder', 'approval.expiring', 'run.stranded']

interface Work {
  home: Home
  log: Log
  secrets: SecretRegistry
  now(): Date
  times: OutboxTimes
  /** What links begin with where cutter.yaml does not say; null as long as the service does not listen. */
  address(): string | null
  end: AbortSignal
  /** Ids of the messages under way, by receiver. */
  underWay: Map<string, Map<number, Promise<void>>>
}

type OutboxParts = Pick<Work, 'home' | 'log' | 'secrets' | 'now' | 'address'> & {
  times?: Partial<OutboxTimes> | undefined
}

/**
 * Starts to deliver messages. Each is tried until the receiver took it, with growing pauses, and is dead after `messages.deadHours`. Messages on
 * one run reach a receiver in their order. Nothing of this is waited for by a run.
 */
export function startOutbox({ times = {}, ...parts }: OutboxParts): Outbox {
  const closing = new AbortController()
  const { signal: end } = joinSignals([parts.home.interrupt, closing.signal])
  const work: Work = { ...parts, times: { ...TIMES, ...times }, end, underWay: new Map() }
  const ended = Promise.all([keepDelivering(work), keepTime(work)])
  return {
    async close() {
      closing.abort()
      await ended
      await Promise.all([...work.underWay.values()].flatMap((lanes) => [...lanes.values()]))
    },
  }
}

async function keepDelivering(work: Work): Promise<void> {
  const { home, end, log } = work
  while (!end.aborted) {
    const changes = home.changes()
    const seen = changes.count()
    try {
      await startDue(work)
    } catch (err) {
      log.warn({ err }, 'messages could not be looked for')
      await pause(LOOK_MS, end)
    }
    await changes.after(seen, LOOK_MS, end)
  }
}

async function keepTime({ home, log, now, times, end }: Work): Promise<void> {
  const warn = (err: unknown) => log.warn({ err }, 'messages of the clock could not be written')
  const stranded = examineNowAndThen(
    async () => {
      const found = await examineRuns(home)
      await saveStranded(home, (await home.config()).messages.receivers, found, now())
      return found
    },
    warn,
    { countsMs: times.examined },
  )
  while (!end.aborted) {
    try {
      const { messages } = await home.config()
      await saveTimedMessages(home, messages, now())
      if (isWanted(messages.receivers, 'run.stranded')) stranded.newest()
      await home.store.sweepMessages(new Date(now().getTime() - DEAD_KEPT_MS).toISOString())
    } catch (err) {
      warn(err)
    }
    await pause(times.clock, end)
  }
  await stranded.idle()
}

async function startDue(work: Work): Promise<void> {
  const { home, underWay, end, address, now } = work
  const names = await home.store.messageReceivers()
  if (names.length === 0) return
  const { messages } = await home.config()
  const origin = messages.link ?? address()
  if (origin === null) return
  for (const receiver of names) {
    const lanes = underWay.get(receiver) ?? new Map<number, Promise<void>>()
    underWay.set(receiver, lanes)
    if (lanes.size >= LANES) continue
    const wanted = { receiver, at: now().toISOString(), limit: LANES + lanes.size }
    const due = (await home.store.dueMessages(wanted)).filter(({ id }) => !lanes.has(id))
    for (const message of due.slice(0, LANES - lanes.size)) {
      if (end.aborted) return
      const attempt = tryOnce(work, messages, origin, message).finally(() => lanes.delete(message.id))
      lanes.set(message.id, attempt)
    }
  }
}

async function tryOnce(work: Work, settings: Config['messages'], origin: string, message: WaitingMessage) {
  const { home, log, end, now, times, secrets } = work
  const { id, receiver: name, kind } = message
  try {
    if (await isStale(home, message)) return await home.store.messageDelivered(id, { isKept: false })
    const receiver = settings.receivers[name]
    if (receiver === undefined) throw new AttemptError('cutter.yaml names no such receiver')
    const payload = secrets.redactWords(composePayload(message, origin))
    const ms = times.attempt
    await withJoinedSignals({ sources: [end], ms }, (signal) =>
      deliver(receiver, payload, { env: home.env, now: now(), end: signal, ms }),
    )
    await home.store.messageDelivered(id, { isKept: TIMED.includes(kind) })
  } catch (error) {
    // An attempt that was ended with the service says nothing of the receiver.
    if (end.aborted) return
    if (!(error instanceof AttemptError)) log.error({ err: error }, 'a message was not delivered')
    const why = error instanceof AttemptError ? error.message : 'a fault of Cutter: see the log'
    await recordFailure(work, settings, message, secrets.redactWords(why)).catch((err: unknown) =>
      log.warn({ err }, 'an attempt to deliver a message was not recorded'),
    )
  }
}

async function recordFailure(
  { home, log, now, times }: Work,
  { deadHours }: Config['messages'],
  message: WaitingMessage,
  error: string,
): Promise<void> {
  const at = now()
  const triedAt = at.toISOString()
  const isDead = at.getTime() - Date.parse(message.triedAt ?? triedAt) >= deadHours * HOUR_MS
  const ms = Math.min(times.firstPause * 2 ** Math.min(message.attempts, 30), times.longestPause)
  const nextAt = isDead ? null : new Date(at.getTime() + ms).toISOString()
  await home.store.messageFailed(message, { triedAt, error, nextAt })
  const { messageId, receiver, attempts } = message
  const facts = { messageId, receiver, attempts: attempts + 1, error }
  log.warn(facts, isDead ? 'a message is dead' : 'a message was not delivered')
}

/** Whether a clock asked for a message, and the run has moved since: nobody needs it any more. */
async function isStale({ store }: Home, { kind, runId, seq }: WaitingMessage): Promise<boolean> {
  if (!TIMED.includes(kind) || runId === null) return false
  const run = await store.run(runId).catch(() => null)
  return run !== null && (run.gateSeq ?? run.seq) !== seq
}

function pause(ms: number, end: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (end.aborted) return done()
    const wake = () => {
      clearTimeout(timer)
      end.removeEventListener('abort', wake)
      done()
    }
    const timer = setTimeout(wake, ms)
    end.addEventListener('abort', wake)
  })
}
