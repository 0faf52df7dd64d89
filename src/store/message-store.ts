import type { Message } from '../domain/message.ts'
import type { Run } from '../domain/run.ts'

/** A message that waits for its receiver. */
export interface WaitingMessage extends Message {
  /** Its place among all messages. */
  id: number
  attempts: number
  /** The first attempt, ISO 8601; null before. */
  triedAt: string | null
}

/** How many messages of a receiver wait, or are dead. */
export interface MessageCount {
  receiver: string
  state: 'waiting' | 'dead'
  count: number
  /** When the oldest one was written, ISO 8601. */
  since: string
  /** Why the newest attempt failed; null where none did. */
  error: string | null
}

/** A run that waits at a gate, with the `seq` of its arrival and the time of it (ISO 8601). */
export type WaitingRun = Pick<Run, 'runId' | 'machine' | 'mode' | 'state' | 'status' | 'gate'> & {
  seq: number
  since: string
}

/** An unused approval of the gate at which its run waits. */
export type ExpiringApproval = Omit<WaitingRun, 'since'> & { approvalId: string; expiresAt: string }

/** The part of a store that keeps messages until they are delivered. */
export interface MessageStore {
  /** Keeps messages that a clock asked for. One that is there already changes nothing. */
  saveMessages(messages: Message[]): Promise<void>
  /** Names of the receivers for which messages wait. */
  messageReceivers(): Promise<string[]>
  /** Messages for one receiver that are due at a time (ISO 8601), at most `limit`: of each run the oldest one that waits. */
  dueMessages(wanted: { receiver: string; at: string; limit: number }): Promise<WaitingMessage[]>
  /** Removes a message that was delivered. With `isKept` it stays known until its run moves. */
  messageDelivered(id: number, how: { isKept: boolean }): Promise<void>
  /** Records an attempt that failed. Without a next one (`nextAt`, ISO 8601) the message is dead; else later ones of the same run wait, too. */
  messageFailed(
    message: Pick<WaitingMessage, 'id' | 'receiver' | 'runId'>,
    how: { triedAt: string; error: string; nextAt: string | null },
  ): Promise<void>
  /** Removes kept messages whose run has moved, and dead ones that were first tried before a time (ISO 8601). */
  sweepMessages(deadBefore: string): Promise<void>
  countMessages(): Promise<MessageCount[]>
  /** Runs that arrived at their gate at a time (ISO 8601) or before, the longest wait first. */
  waitingAtGates(before: string): Promise<WaitingRun[]>
  /** Unused approvals that expire between two times (ISO 8601), the next one first. */
  expiringApprovals(between: { from: string; until: string }): Promise<ExpiringApproval[]>
}
