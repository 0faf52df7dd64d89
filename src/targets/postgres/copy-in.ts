import { once } from 'node:events'
import type { Connection } from 'pg'
import type { Sql } from '../target.ts'
import { CopyStatement } from './copy-statement.ts'

type CopyConnection = Connection & {
  stream: NodeJS.WritableStream & { writableNeedDrain: boolean }
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

/** `COPY … FROM STDIN`. */
class CopyIn extends CopyStatement {
  readonly #rows: AsyncIterable<Buffer>
  #failed = false

  constructor(text: string, rows: AsyncIterable<Buffer>) {
    super(text)
    this.#rows = rows
  }

  handleCopyInResponse(connection: CopyConnection): void {
    void this.#send(connection)
  }

  async #send(connection: CopyConnection): Promise<void> {
    try {
      for await (const piece of this.#rows) {
        // The server rejects a row at once, and ignores what still comes of the others.
        if (this.#failed) return
        connection.sendCopyFromChunk(piece)
        if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain')
      }
      if (!this.#failed) connection.endCopyFrom()
    } catch (error) {
      connection.sendCopyFail((error as Error).message)
    }
  }

  override handleError(error: Error): void {
    this.#failed = true
    super.handleError(error)
  }
}

/**
 * Runs a `COPY … FROM STDIN` with rows in the text format of COPY. It keeps no more of them in memory than the connection takes.
 * @throws Error with the fields of the server when it rejects the statement or a row
 */
export function copyIn(sql: Sql, text: string, rows: AsyncIterable<Buffer>): Promise<void> {
  return sql.query(new CopyIn(text, rows)).done
}
