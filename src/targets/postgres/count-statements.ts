import type { EventEmitter } from 'node:events'
import type pg from 'pg'
import { noteFailedStatement } from '../../domain/failed-statement.ts'

/**
 * Counts the statements of each message. The server answers every one that ends with CommandComplete, and the first that fails with an error:
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
 */
export function countStatements(client: pg.Client): void {
  const { connection } = client as unknown as { connection: EventEmitter }
  let done = 0
  connection.on('commandComplete', () => {
    done += 1
  })
  connection.on('readyForQuery', () => {
    done = 0
  })
  connection.prependListener('errorMessage', (error: object) => noteFailedStatement(error, done + 1))
}
