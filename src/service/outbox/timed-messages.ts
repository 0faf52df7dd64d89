import type { Home } from '../../app/open-home.ts'
import type { Config } from '../../config/load-config.ts'
import {
  factsOfRun,
  type Message,
  type MessageKind,
  messagesOfRun,
  type Receivers,
} from '../../domain/message.ts'
import type { RunProspect } from '../doctor/open-runs.ts'

type Settings = Config['messages']

const HOUR_MS = 3_600_000

/** Whether a receiver wants messages of a kind. */
export const isWanted = (receivers: Receivers, kind: MessageKind) =>
  Object.values(receivers).some(({ kinds }) => kinds?.includes(kind) ?? true)

/**
 * Saves the messages that nobody's step causes: reminders of gates at which a run has waited for long, once for each such time, and approvals
 * that expire soon and were not used.
 */
export async function saveTimedMessages(
  { store }: Pick<Home, 'store'>,
  { receivers, reminderHours, expiringHours }: Settings,
  now: Date,
): Promise<void> {
  const at = now.toISOString()
  const after = (hours: number) => new Date(now.getTime() + hours * HOUR_MS).toISOString()
  const messages: Message[] = []
  if (isWanted(receivers, 'run.reminder'))
    for (const { since, seq, ...run } of await store.waitingAtGates(after(-reminderHours))) {
      const times = Math.floor((now.getTime() - Date.parse(since)) / (reminderHours * HOUR_MS))
      const facts = { ...factsOfRun({ ...run, ...OPEN }), since }
      messages.push(...messagesOfRun(receivers, 'run.reminder', run, { seq, at, facts, about: `${times}` }))
    }
  if (isWanted(receivers, 'approval.expiring'))
    for (const found of await store.expiringApprovals({ from: at, until: after(expiringHours) })) {
      const { approvalId, expiresAt, seq, ...run } = found
      const facts = { ...factsOfRun({ ...run, ...OPEN }), approvalId, expiresAt }
      const given = { seq, at, facts, about: approvalId }
      messages.push(...messagesOfRun(receivers, 'approval.expiring', run, given))
    }
  if (messages.length > 0) await store.saveMessages(messages)
}

const OPEN = { outcome: null, stopCode: null } as const

/** Saves messages on the runs that nothing can continue. */
export async function saveStranded(
  { store }: Pick<Home, 'store'>,
  receivers: Receivers,
  prospects: RunProspect[],
  now: Date,
): Promise<void> {
  const messages: Message[] = []
  for (const { runId, isStranded, blockers } of prospects) {
    // A run whose record does not hold is no run of which anything but its id is known.
    const run = isStranded ? await store.run(runId).catch(() => null) : null
    if (run === null) continue
    const reasons = [...new Set(blockers.map(({ reason }) => reason))].sort()
    const facts = { ...factsOfRun(run), reasons }
    const given = { seq: run.gateSeq ?? run.seq, at: now.toISOString(), facts }
    messages.push(...messagesOfRun(receivers, 'run.stranded', run, given))
  }
  if (messages.length > 0) await store.saveMessages(messages)
}
