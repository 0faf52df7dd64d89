import type { Connection, Submittable } from 'pg'

/** A `COPY` statement, for whose rows `pg` itself has no way. Its methods are those that `pg` calls. */
export abstract class CopyStatement implements Submittable {
  readonly done: Promise<void>
  protected resolve!: () => void
  protected reject!: (error: Error) => void
  readonly #text: string

  constructor(text: string) {
    this.#text = text
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  submit(connection: Connection): void {
    connection.query(this.#text)
  }

  handleReadyForQuery(): void {
    this.resolve()
  }

  handleError(error: Error): void {
    this.reject(error)
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}
