import { OutcomeUnknown } from '../../domain/errors.ts'

/** COMMIT was sent and no answer came, so the transaction may have been committed or not. Only a probe finds out. */
export class OutcomeUnknownError extends OutcomeUnknown {
  constructor(cause: unknown) {
    super('the connection was lost after COMMIT was sent; whether it took effect is unknown', { cause })
    this.name = 'OutcomeUnknownError'
  }
}

/** No session was established, so nothing was changed. `code` is the SQLSTATE or Node's error code, where there is one. */
export class ConnectFailedError extends Error {
  readonly code: string | undefined
  readonly address: ServerAddress

  constructor(address: ServerAddress, cause: Error) {
    const why = cause.message || errorCodeOf(cause)
    super(`${address.host}:${address.port}/${address.database}: ${why}`, { cause })
    this.name = 'ConnectFailedError'
    this.code = errorCodeOf(cause)
    this.address = address
  }
}

/** The parts of a connection that messages may show: never the password. */
export interface ServerAddress {
  host: string
  port: number
  database: string
}

/** The SQLSTATE of a server's error, or Node's code of a connection error. */
export function errorCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** SQLSTATEs with which a server ends a session, and Node's codes of a connection that broke. */
const LOST = /^(?:08...|25P0[34]|57P0[125]|ECONNRESET|EPIPE|ETIMEDOUT)$/

/** Whether the server ended the session or the connection broke. For the latter `pg` has no code, only this message. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof OutcomeUnknownError || error instanceof ConnectFailedError) return false
  if (LOST.test(errorCodeOf(error) ?? '')) return true
  return error instanceof Error && error.message.startsWith('Connection terminated')
}
