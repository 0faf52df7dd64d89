import type { Json } from '../../domain/json.ts'
import type { Message, MessageFacts } from '../../domain/message.ts'
import { visible } from '../../domain/visible.ts'

/** A message as receivers get it. `type`, `timestamp` and `data` are the payload of the Standard Webhooks specification. */
export interface Payload {
  id: string
  type: string
  /** When what it tells of happened, ISO 8601. */
  timestamp: string
  data: MessageFacts & { link: string }
}

/** What people read of a message. */
export interface Letter {
  title: string
  link: string
}

/**
 * Composes a message. It holds ids, names and codes and a link to the page, where whoever reads it signs in. It holds nothing of a plan, and
 * nothing by which somebody could approve.
 * @param origin what links begin with, such as `https://cutter.example.org`
 */
export function composePayload({ messageId, kind, at, runId, facts }: Message, origin: string): Payload {
  const path = runId === null ? '/' : `/runs/${encodeURIComponent(runId)}`
  return { id: messageId, type: kind, timestamp: at, data: { ...facts, link: `${origin}${path}` } }
}

/** Composes one line for people. What others wrote, such as a reason, is shown on that line whatever it holds. */
export function composeLetter({ type, data }: Payload): Letter {
  const { link } = data
  return { title: visible(`Cutter: ${sentenceOf(type, data)}`), link }
}

function sentenceOf(type: string, data: { [name: string]: Json }): string {
  const { machine, runId, mode, gate, reason, stopCode, outcome, since, expiresAt, reasons, by } = data
  const run = `${machine} ${runId} (${mode})`
  switch (type) {
    case 'run.paused':
      return `${run} waits for people at ${gate}`
    case 'run.reminder':
      return `${run} has been waiting at ${gate} since ${since}`
    case 'run.approved':
      return `${run} was approved and continues`
    case 'run.refused':
      return `an approval of ${run} was refused: ${reason}`
    case 'run.stopped':
      return `${run} stopped: ${stopCode}`
    case 'run.closed':
      return `${run} closed: ${outcome}`
    case 'run.stranded':
      return `nothing can continue ${run}: ${(reasons as string[]).join(', ')}`
    case 'approval.expiring':
      return `an approval of ${run} at ${gate} expires at ${expiresAt}`
    case 'hold.on':
      return `${by} switched the hold on: ${reason}`
    default:
      return `${by} switched the hold off`
  }
}
