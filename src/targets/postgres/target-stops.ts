import { OutcomeUnknown, Stop } from '../../domain/errors.ts'
import { serverMessage } from '../../domain/server-message.ts'
import type { StopCode } from '../../domain/stop-codes.ts'
import { ConnectFailedError, errorCodeOf, isConnectionLost } from './connection-errors.ts'

/** What an error of the server or of connecting means for a run, and what to do. */
interface ErrorMeaning {
  code: StopCode
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

const READ_ONLY: ErrorMeaning = {
  code: 'STOP_TARGET_READ_ONLY',
  what: 'takes no writes now',
  next: "find out whether it is a standby now (select pg_is_in_recovery()), or set to default_transaction_read_only; correct the target's URL or the server, then resume the run",
}
const LOCKED: ErrorMeaning = {
  code: 'STOP_TARGET_LOCKED',
  what: 'is locked by another session',
  next: 'wait until the other session has ended its transaction, then resume the run',
}
const CONFLICT: ErrorMeaning = {
  code: 'STOP_TARGET_CONFLICT',
  what: 'rolled the transaction back in favour of another one, several times',
  next: 'wait until the other sessions have ended, then resume the run',
}
const EXHAUSTED: ErrorMeaning = {
  code: 'STOP_TARGET_EXHAUSTED',
  what: 'has no disk, memory or other resource left for it',
  next: 'free what the message names on the server, then resume the run',
}
const CANCELLED: ErrorMeaning = {
  code: 'STOP_TARGET_CANCELLED',
  what: 'cancelled the statement, by a timeout or for somebody',
  next: 'find out who cancels statements there, or what makes this one slow (locks, load); then resume the run',
}
const FAULT: ErrorMeaning = {
  code: 'STOP_TARGET_FAULT',
  what: 'has a fault of its own',
  next: 'read the log of the server, repair it, then resume the run',
}
const NOT_READY: ErrorMeaning = {
  code: 'STOP_TARGET_REFUSED',
  what: 'is not in the state that the statement needs',
  next: 'compare the named object and setting on the server, then resume the run',
}

/** By SQLSTATE, or by its class, the first two characters: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MEANINGS: { [sqlState: string]: ErrorMeaning } = {
  '08': LOST,
  '25': FAULT,
  '25006': READ_ONLY,
  '25P03': CANCELLED,
  '25P04': CANCELLED,
  '28P01': WRONG_LOGIN,
  '28000': WRONG_LOGIN,
  '3D000': {
    code: 'STOP_TARGET_REFUSED',
    what: 'has no such database',
    next: "create the database or correct its name in the target's URL, then resume the run",
  },
  '40': CONFLICT,
  '42501': LACKS_PRIVILEGE,
  '42P01': OTHER_SCHEMA,
  '3F000': OTHER_SCHEMA,
  '42883': OTHER_SCHEMA,
  '53': EXHAUSTED,
  '53300': BUSY,
  '55': NOT_READY,
  '55006': LOCKED,
  '55P03': LOCKED,
  '57': LOST,
  '57014': CANCELLED,
  '57P03': BUSY,
  '58': FAULT,
  XX: FAULT,
}

/**
 * Returns the stop for an error of the server or of connecting, or null. Above all, null stands for a lost COMMIT, because the outcome is
 * unknown; the error then learns which stop it becomes when a probe finds nothing.
 * @param target the target's name in the config
 */
export function findTargetStop(error: unknown, target: string, role: string): Stop | null {
  return stopOf(meaningOf(error), error, { target, role, subject: `target ${target}` })
}

/**
 * Returns the stop for the same errors of a database that is migrated, of a rehearsal database or of a rehearsal server. None of
 * Cutter's tables is needed there.
 * @param subject the name in messages
 */
export function findMigrationStop(error: unknown, subject: string, role: string): Stop | null {
  return stopOf(migrationMeaningOf(error), error, { target: subject, role, subject })
}

function migrationMeaningOf(error: unknown): ErrorMeaning | null {
  const meaning = meaningOf(error)
  if (meaning === LACKS_PRIVILEGE) return MIGRATOR_LACKS_PRIVILEGE
  if (meaning !== OTHER_SCHEMA) return meaning
  return /pg_current_xact_id/.test((error as Error).message) ? TOO_OLD : null
}

function stopOf(
  meaning: ErrorMeaning | null,
  error: unknown,
  { target, role, subject }: { target: string; role: string; subject: string },
): Stop | null {
  if (error instanceof OutcomeUnknown) {
    error.ifMissing = stopOf(LOST, error.cause, { target, role, subject })
    return null
  }
  if (meaning === null) return null
  const address = error instanceof ConnectFailedError ? error.address : null
  return new Stop(meaning.code, `${subject} ${meaning.what} (role ${role}): ${serverMessage(error)}`, {
    next: meaning.next,
    data: { target, role, code: errorCodeOf(error) ?? null, ...(address === null ? {} : { ...address }) },
    cause: error,
  })
}

function meaningOf(error: unknown): ErrorMeaning | null {
  // A lost COMMIT has a meaning only after a probe, and a stop has its own.
  if (!(error instanceof Error) || error instanceof OutcomeUnknown || error instanceof Stop) return null
  const code = errorCodeOf(error) ?? ''
  const known = MEANINGS[code] ?? (/^[0-9A-Z]{5}$/.test(code) ? MEANINGS[code.slice(0, 2)] : undefined)
  if (known === LOST && error instanceof ConnectFailedError) return UNREACHABLE
  if (known !== undefined) return known
  if (!(error instanceof ConnectFailedError)) return isConnectionLost(error) ? LOST : null
  const text = `${error.code} ${error.message}`
  // Without a password the client fails in the SASL exchange, before the server can refuse it.
  if (text.includes('SASL')) return WRONG_LOGIN
  return /SSL|CERT|certificate/.test(text) ? WRONG_TLS : UNREACHABLE
}
