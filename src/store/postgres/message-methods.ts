import type { ExpiringApproval, MessageCount, MessageStore, WaitingRun } from '../message-store.ts'
import { messageRow, readMessageRow } from '../sqlite/message-rows.ts'
import type { Connections } from './connections.ts'
import { runStatements, type Sql } from './run-statement.ts'

/** The messages that wait for their receivers. `guard` names what the server reports. */
export function messageMethods(
  connections: Connections,
  sql: Sql,
  guard: <T>(work: () => Promise<T>) => Promise<T>,
): MessageStore {
  const together = (work: (sql: Sql) => Promise<void>) =>
    guard(() => connections.transaction((query) => work(runStatements(query))))
  return {
    saveMessages: (messages) =>
      together(async (own) => {
        for (const message of messages) await own.run('insertMessage', messageRow(message))
      }),
    messageReceivers: () =>
      guard(async () => (await sql.all('messageReceivers')).map(({ receiver }) => receiver as string)),
    dueMessages: (wanted) =>
      guard(async () =>
        (await sql.all('dueMessages', wanted)).map((row) => readMessageRow({ ...row, id: Number(row.id) })),
      ),
    messageDelivered: (id, { isKept }) =>
      together(async (own) => void (await own.run(isKept ? 'keepMessage' : 'deleteMessage', { id }))),
    messageFailed: ({ id, receiver, runId }, { triedAt, error, nextAt }) =>
      together(async (own) => {
        await own.run('failMessage', { id, triedAt, error, outcome: nextAt === null ? 'dead' : null })
        if (nextAt !== null) await own.run('delayMessages', { receiver, runId, nextAt })
      }),
    sweepMessages: (deadBefore) =>
      together(async (own) => {
        await own.run('sweepDelivered')
        await own.run('sweepDead', { before: deadBefore })
      }),
    countMessages: () => guard(async () => (await sql.all('countMessages')) as unknown as MessageCount[]),
    waitingAtGates: (before) =>
      guard(async () => (await sql.all('waitingAtGates', { before })) as unknown as WaitingRun[]),
    expiringApprovals: (between) =>
      guard(async () => (await sql.all('expiringApprovals', between)) as unknown as ExpiringApproval[]),
  }
}
