import type { Message } from '../../domain/message.ts'
import type { WaitingMessage } from '../message-store.ts'
import type { Row } from './row.ts'

/** The row of a message that was not tried yet. */
export const messageRow = ({ messageId, receiver, kind, runId, seq, at, facts }: Message): Row => ({
  message_id: messageId,
  receiver,
  kind,
  run_id: runId,
  seq,
  at,
  facts: JSON.stringify(facts),
})

/** Reads a message that waits. */
export const readMessageRow = (row: Row): WaitingMessage =>
  ({
    id: row.id,
    messageId: row.message_id,
    receiver: row.receiver,
    kind: row.kind,
    runId: row.run_id,
    seq: row.seq,
    at: row.at,
    facts: JSON.parse(row.facts as string),
    attempts: row.attempts,
    triedAt: row.tried_at,
  }) as WaitingMessage
