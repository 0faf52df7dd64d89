import { CutterError } from '../../domain/errors.ts'

/** Why PostgreSQL refused something, by SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** Whether the connection broke, or the server ended the session. */
export function isLost(error: unknown): boolean {
  if ((error as Error)?.name === 'ConnectFailedError') return false
  const { message = '' } = error as Error
  // The driver has no code for these.
  return (
    /^(?:08...|25P0[34]|57P0[125]|ECONNRESET|EPIPE|ETIMEDOUT)$/.test(codeOf(error)) ||
    /^(?:Connection terminated|Client has encountered a connection error|Client was closed)/.test(message)
  )
}

/** Whether a transaction that was not committed can be done again: nothing of it was saved. */
export function isWorthRepeating(error: unknown): boolean {
  if (isLost(error)) return true
  const { constraint } = error as { constraint?: unknown }
  // A prune removed evidence that this transaction had found.
  return /^(?:40001|40P01|55P03)$/.test(codeOf(error)) || constraint === 'evidence_is_there'
}

/** Whether the server refused a value, so that other parts of a batch may be saved without it. */
export const isRefusedValue = (error: unknown) => /^(?:22|23|P0001)/.test(codeOf(error))

/** The CutterError for an error of the server or of the connection, with what was changed and what to do next. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof CutterError) return error
  const code = codeOf(error)
  const { message } = error as Error
  // SQLite has such texts. JSON has the character as \u0000, so this is a text by itself: a key, a name, a reason.
  if (code === '22021')
    return new CutterError(
      'INPUT_REFUSED',
      'a text has the character NUL, which PostgreSQL can’t keep; nothing was saved',
      { next: 'take the character out of the key, name or reason that was given', cause: error },
    )
  if (isRefusedValue(error))
    return new CutterError('INTERNAL', `the store refuses a value: ${message}; nothing was saved`, {
      cause: error,
    })
  if (/^(?:40001|40P01|55P03)$/.test(code))
    return new CutterError('STORE_CONFLICT', `the store’s database is busy: ${message}; nothing was saved`, {
      next: 'try again',
      cause: error,
    })
  if (code.startsWith('XX00'))
    return new CutterError('STORE_CORRUPT', `the store’s database can’t be read: ${message}`, {
      next: 'read the server’s log, and restore a base backup if its files are damaged',
      cause: error,
    })
  if (code === '42501' || code === '42P01' || code === '3F000')
    return new CutterError(
      'STORE_UNWRITABLE',
      `the login of the store’s database lacks a right: ${message}; nothing was saved`,
      {
        next: 'run one command with the variable that store.owner names, which grants the service’s role what it needs',
        cause: error,
      },
    )
  if (code === '' && !isLost(error) && (error as Error).name !== 'ConnectFailedError') return error
  return new CutterError(
    'STORE_UNWRITABLE',
    `the store’s database does not do what it must: ${message}; nothing was saved`,
    {
      next: 'check the server, and the variable that store.url of cutter.yaml names',
      cause: error,
    },
  )
}
