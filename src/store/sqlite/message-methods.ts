import type { Database } from 'better-sqlite3'
import type { ExpiringApproval, MessageCount, MessageStore, WaitingRun } from '../message-store.ts'
import { messageRow, readMessageRow } from './message-rows.ts'
import type { Statements } from './statements.ts'

/** The messages that wait for their receivers. `guard` names what SQLite reports. */
export function messageMethods(
  db: Database,
  sql: Statements,
  guard: <T>(work: () => T) => Promise<T>,
): MessageStore {
  return {
    saveMessages: (messages) =>
      guard(() =>
        db
          .transaction(() => {
            for (const message of messages) sql.insertMessage.run(messageRow(message))
          })
          .immediate(),
      ),
    messageReceivers: () => guard(() => sql.messageReceivers.all().map(({ receiver }) => receiver as string)),
    dueMessages: (wanted) => guard(() => sql.dueMessages.all(wanted).map(readMessageRow)),
    messageDelivered: (id, { isKept }) =>
      guard(() => void (isKept ? sql.keepMessage : sql.deleteMessage).run(id)),
    messageFailed: ({ id, receiver, runId }, { triedAt, error, nextAt }) =>
      guard(() =>
        db
          .transaction(() => {
            sql.failMessage.run({ id, triedAt, error, outcome: nextAt === null ? 'dead' : null })
            if (nextAt !== null) sql.delayMessages.run({ receiver, runId, nextAt })
          })
          .immediate(),
      ),
    sweepMessages: (deadBefore) =>
      guard(() => {
        sql.sweepDelivered.run()
        sql.sweepDead.run(deadBefore)
      }),
    countMessages: () => guard(() => sql.countMessages.all() as unknown as MessageCount[]),
    waitingAtGates: (before) => guard(() => sql.waitingAtGates.all(before) as unknown as WaitingRun[]),
    expiringApprovals: (between) =>
      guard(() => sql.expiringApprovals.all(between) as unknown as ExpiringApproval[]),
  }
}
