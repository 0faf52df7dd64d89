import { Stop } from '../../domain/errors.ts'
import {
  ConnectFailedError,
  errorCodeOf,
  isConnectionLost,
  OutcomeUnknownError,
} from './connection-errors.ts'

/** What an error of the server or of connecting means for a run, and what to do. */
interface ErrorMeaning {
  code: 'STOP_TARGET_UNREACHABLE' | 'STOP_TARGET_REFUSED' | 'STOP_TARGET_LOCKED'
  what: string
  next: string
}

const OTHER_SCHEMA: ErrorMeaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'lacks an object of Cutter’s schema',
  next: 'prepare the database with `cutter target init`, then resume the run',
}
const WRONG_LOGIN: ErrorMeaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'refuses the login',
  next: "check the role and the password in the environment variable of the target's URL, then resume the run",
}
const BUSY: ErrorMeaning = {
  code: 'STOP_TARGET_UNREACHABLE',
  what: 'accepts no connection now',
  next: 'wait until the server accepts connections, then resume the run',
}
const UNREACHABLE: ErrorMeaning = {
  code: 'STOP_TARGET_UNREACHABLE',
  what: "can't be reached",
  next: "check that the server runs and that its host and port are right in the target's URL, then resume the run",
}
const LOST: ErrorMeaning = {
  code: 'STOP_TARGET_UNREACHABLE',
  what: 'was lost during work that changed nothing there',
  next: 'check that the server runs, then resume the run',
}
const WRONG_TLS: ErrorMeaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'offers no encryption that can be trusted',
  next: "check `sslmode` and the certificates of the target's URL, then resume the run",
}
const LACKS_PRIVILEGE: ErrorMeaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'denies the role a privilege that it needs',
  next: 'compare the grants with `cutter target grants`, then resume the run',
}
const MIGRATOR_LACKS_PRIVILEGE: ErrorMeaning = {
  ...LACKS_PRIVILEGE,
  next: 'grant it: a backup reads everything, a migration alters what its role owns; then resume the run',
}
const TOO_OLD: ErrorMeaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'is older than PostgreSQL 13, which a migration needs',
  next: 'cancel the run, and migrate that server by hand',
}

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MEANINGS: { [sqlState: string]: ErrorMeaning } = {
  '28P01': WRONG_LOGIN,
  '28000': WRONG_LOGIN,
  '3D000': {
    code: 'STOP_TARGET_REFUSED',
    what: 'has no such database',
    next: "create the database or correct its name in the target's URL, then resume the run",
  },
  '42501': LACKS_PRIVILEGE,
  '42P01': OTHER_SCHEMA,
  '3F000': OTHER_SCHEMA,
  '42883': OTHER_SCHEMA,
  '55P03': {
    code: 'STOP_TARGET_LOCKED',
    what: 'is locked by another session',
    next: 'wait until the other session has ended its transaction, then resume the run',
  },
  '53300': BUSY,
  '57P03': BUSY,
}

/**
 * Returns the stop for an error of the server or of connecting, or null. Above all, null stands for a connection that was lost
 * during work, because the outcome is unknown.
 * @param target the target's name in the config
 * @param nothingKept whether a lost connection changed nothing, so that it is a stop as well
 */
export function findTargetStop(
  error: unknown,
  target: string,
  role: string,
  nothingKept = false,
): Stop | null {
  const lost = nothingKept && isConnectionLost(error) ? LOST : null
  return stopOf(meaningOf(error) ?? lost, error, { target, role, subject: `target ${target}` })
}

/**
 * Returns the stop for the same errors of a database that is migrated, of a rehearsal database or of a rehearsal server. None of
 * Cutter's tables is needed there, and a lost connection changed nothing.
 * @param subject the name in messages
 */
export function findMigrationStop(error: unknown, subject: string, role: string): Stop | null {
  return stopOf(migrationMeaningOf(error), error, { target: subject, role, subject })
}

function migrationMeaningOf(error: unknown): ErrorMeaning | null {
  const meaning = meaningOf(error)
  if (meaning === LACKS_PRIVILEGE) return MIGRATOR_LACKS_PRIVILEGE
  if (meaning !== OTHER_SCHEMA) return meaning ?? (isConnectionLost(error) ? LOST : null)
  return /pg_current_xact_id/.test((error as Error).message) ? TOO_OLD : null
}

function stopOf(
  meaning: ErrorMeaning | null,
  error: unknown,
  { target, role, subject }: { target: string; role: string; subject: string },
): Stop | null {
  if (meaning === null) return null
  const address = error instanceof ConnectFailedError ? error.address : null
  return new Stop(meaning.code, `${subject} ${meaning.what} (role ${role}): ${(error as Error).message}`, {
    next: meaning.next,
    data: { target, role, code: errorCodeOf(error) ?? null, ...(address === null ? {} : { ...address }) },
    cause: error,
  })
}

function meaningOf(error: unknown): ErrorMeaning | null {
  if (!(error instanceof Error) || error instanceof OutcomeUnknownError) return null
  const known = MEANINGS[errorCodeOf(error) ?? '']
  if (known !== undefined) return known
  if (!(error instanceof ConnectFailedError)) return null
  const text = `${error.code} ${error.message}`
  // Without a password the client fails in the SASL exchange, before the server can refuse it.
  if (text.includes('SASL')) return WRONG_LOGIN
  return /SSL|CERT|certificate/.test(text) ? WRONG_TLS : UNREACHABLE
}
