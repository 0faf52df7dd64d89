import type { Sql } from '../target.ts'
import { CopyStatement } from './copy-statement.ts'

/** `COPY … TO STDOUT`. */
class CopyOut extends CopyStatement {
  readonly #onRow: (row: Buffer) => void
  #failed: Error | null = null

  constructor(text: string, onRow: (row: Buffer) => void) {
    super(text)
    this.#onRow = onRow
  }

  /** The server sends a message for each row: PostgreSQL, "Frontend/Backend Protocol", section "COPY Operations". */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    try {
      if (this.#failed === null) this.#onRow(chunk)
    } catch (error) {
      this.#failed = error as Error
    }
  }

  override handleReadyForQuery(): void {
    if (this.#failed === null) super.handleReadyForQuery()
    else this.reject(this.#failed)
  }
}

/**
 * Does what `MigrationDatabase.copyOut` says.
 * @throws Error with the fields of the server when it rejects the statement
 */
export function copyOut(sql: Sql, text: string, onRow: (row: Buffer) => void): Promise<void> {
  return sql.query(new CopyOut(text, onRow)).done
}
