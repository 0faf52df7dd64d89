import { Stop } from '../../domain/errors.ts'

/** COMMIT was sent and no answer came: the transaction may be there or not. Only a probe can tell. */
export class OutcomeUnknownError extends Error {
  constructor(cause: unknown) {
    super('the connection was lost after COMMIT was sent; whether it took effect is not known', { cause })
    this.name = 'OutcomeUnknown'
  }
}

/** No session came about, so nothing was touched. `code` is the SQLSTATE or Node's code, where there is one. */
export class ConnectFailedError extends Error {
  readonly code: string | undefined
  readonly address: ServerAddress

  constructor(address: ServerAddress, cause: Error) {
    super(`${address.host}:${address.port}/${address.database}: ${cause.message || codeOf(cause)}`, { cause })
    this.name = 'ConnectFailed'
    this.code = codeOf(cause)
    this.address = address
  }
}

/** What may be told of a connection; never the password. */
export interface ServerAddress {
  host: string
  port: number
  database: string
}

interface Meaning {
  code: 'STOP_TARGET_UNREACHABLE' | 'STOP_TARGET_REFUSED' | 'STOP_TARGET_LOCKED'
  what: string
  next: string
}

const OTHER_SCHEMA: Meaning = {
  code: 'STOP_TARGET_REFUSED',
  what: "lacks what Cutter's schema holds",
  next: 'prepare the database with `cutter target init`, then resume the run',
}
const WRONG_LOGIN: Meaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'refuses the login',
  next: "check the role and the password in the environment variable of the target's URL, then resume the run",
}
const BUSY: Meaning = {
  code: 'STOP_TARGET_UNREACHABLE',
  what: 'takes no connection now',
  next: 'wait until the server takes connections, then resume the run',
}
const UNREACHABLE: Meaning = {
  code: 'STOP_TARGET_UNREACHABLE',
  what: "can't be reached",
  next: "check that the server runs and that its host and port are right in the target's URL, then resume the run",
}
const LOST: Meaning = {
  code: 'STOP_TARGET_UNREACHABLE',
  what: 'was lost in the midst of work that keeps nothing there',
  next: 'check that the server runs, then resume the run',
}
const WRONG_TLS: Meaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'offers no encryption that can be trusted',
  next: "check `sslmode` and the certificates of the target's URL, then resume the run",
}

const MEANINGS: { [sqlState: string]: Meaning } = {
  '28P01': WRONG_LOGIN,
  '28000': WRONG_LOGIN,
  '3D000': {
    code: 'STOP_TARGET_REFUSED',
    what: 'has no such database',
    next: "create the database or correct its name in the target's URL, then resume the run",
  },
  '42501': {
    code: 'STOP_TARGET_REFUSED',
    what: 'denies the role a privilege that it needs',
    next: 'compare the grants with `cutter target grants`, then resume the run',
  },
  '42P01': OTHER_SCHEMA,
  '3F000': OTHER_SCHEMA,
  '42883': OTHER_SCHEMA,
  '55P03': {
    code: 'STOP_TARGET_LOCKED',
    what: 'is locked by another session',
    next: 'wait until the other writer is done, then resume the run',
  },
  '53300': BUSY,
  '57P03': BUSY,
}

/**
 * The stop that an error of the server or of connecting means, or null where it means none: above all a connection
 * lost at work, which leaves open what happened, unless nothing was to be kept. `target` and `role` are names of the config.
 */
export function findTargetStop(
  error: unknown,
  target: string,
  role: string,
  nothingKept = false,
): Stop | null {
  return stopOf(meaningOf(error) ?? (nothingKept && isLost(error) ? LOST : null), error, {
    target,
    role,
    subject: `target ${target}`,
  })
}

/**
 * The same of a database that is migrated, of a copy of one, or of a copy's server, by the name that messages give it: none of
 * Cutter's tables are there, and what is lost there kept nothing.
 */
export function findMigrationStop(error: unknown, subject: string, role: string): Stop | null {
  return stopOf(meaningToMigrate(error), error, { target: subject, role, subject })
}

function meaningToMigrate(error: unknown): Meaning | null {
  const meaning = meaningOf(error)
  if (codeOf(error) === LACKS_RIGHT) return NOT_ALL_RIGHTS
  if (meaning !== OTHER_SCHEMA) return meaning ?? (isLost(error) ? LOST : null)
  return /pg_current_xact_id/.test((error as Error).message) ? TOO_OLD : null
}

const LACKS_RIGHT = '42501'
const NOT_ALL_RIGHTS: Meaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'denies the role a privilege that it needs',
  next: 'grant it: a backup reads everything, a migration alters what its role owns; then resume the run',
}
const TOO_OLD: Meaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'is older than PostgreSQL 13, which a migration needs',
  next: 'cancel the run, and migrate that server by hand',
}

function stopOf(
  meaning: Meaning | null,
  error: unknown,
  { target, role, subject }: { target: string; role: string; subject: string },
): Stop | null {
  if (meaning === null) return null
  const address = error instanceof ConnectFailedError ? error.address : null
  const code = codeOf(error)
  return new Stop(meaning.code, `${subject} ${meaning.what} (role ${role}): ${(error as Error).message}`, {
    next: meaning.next,
    data: { target, role, code: code ?? null, ...(address === null ? {} : { ...address }) },
    cause: error,
  })
}

function meaningOf(error: unknown): Meaning | null {
  if (!(error instanceof Error) || error instanceof OutcomeUnknownError) return null
  const known = MEANINGS[codeOf(error) ?? '']
  if (known !== undefined) return known
  if (!(error instanceof ConnectFailedError)) return null
  const text = `${error.code} ${error.message}`
  // A URL without a password fails in the client, before the server can refuse it.
  if (text.includes('SASL')) return WRONG_LOGIN
  return /SSL|CERT|certificate/.test(text) ? WRONG_TLS : UNREACHABLE
}

/** The server ended the session, or the connection broke; for the latter `pg` has no code but only these words. */
function isLost(error: unknown): boolean {
  if (['57P01', '57P02', 'ECONNRESET', 'EPIPE'].includes(codeOf(error) ?? '')) return true
  return error instanceof Error && error.message.startsWith('Connection terminated')
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}
