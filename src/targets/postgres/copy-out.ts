import type { Connection, Submittable } from 'pg'
import type { Sql } from '../target.ts'

/** `COPY … TO STDOUT`, whose rows `pg` itself drops. Its methods are those that `pg` calls. */
class CopyOut implements Submittable {
  readonly done: Promise<void>
  readonly #text: string
  readonly #onRow: (row: Buffer) => void
  #resolve!: () => void
  #reject!: (error: Error) => void
  #failed: Error | null = null

  constructor(text: string, onRow: (row: Buffer) => void) {
    this.#text = text
    this.#onRow = onRow
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: Connection): void {
    connection.query(this.#text)
  }

  /** The server sends a message for each row: PostgreSQL, "Frontend/Backend Protocol", section "COPY Operations". */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    try {
      if (this.#failed === null) this.#onRow(chunk)
    } catch (error) {
      this.#failed = error as Error
    }
  }

  handleReadyForQuery(): void {
    if (this.#failed === null) this.#resolve()
    else this.#reject(this.#failed)
  }

  handleError(error: Error): void {
    this.#reject(error)
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

/**
 * Does what `MigrationDatabase.copyOut` says.
 * @throws Error with the fields of the server when it rejects the statement
 */
export function copyOut(sql: Sql, text: string, onRow: (row: Buffer) => void): Promise<void> {
  return sql.query(new CopyOut(text, onRow)).done
}
