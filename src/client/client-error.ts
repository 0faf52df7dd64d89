/** What keeps a client from asking, as an error is printed. */
export class ClientError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly next: string,
    readonly exit: number,
  ) {
    super(message)
  }
}
