import type { Json } from './json.ts'

/**
 * Two ways to say no. A `CutterError` answers a caller: the command did not happen. A `Stop` is thrown by an effect:
 * the run keeps its state and waits, with a stop code, until someone mends the cause and resumes it.
 */

/** Every way in which a command can be refused. The CLI's exit codes and the HTTP codes are Records over this. */
export type ErrorCode =
  | 'USAGE' // the words of the command are off
  | 'INPUT_REFUSED' // the input can't be worked on as it is
  | 'CONFIG_INVALID' // cutter.yaml can't be read or means nothing
  | 'RUN_NOT_FOUND'
  | 'APPROVAL_NOT_FOUND'
  | 'MACHINE_NOT_FOUND'
  | 'TARGET_NOT_FOUND'
  | 'KEY_REUSED' // the same start key with other input
  | 'APPROVAL_REQUIRED'
  | 'APPROVAL_REFUSED'
  | 'RUN_HELD' // another process works on the run
  | 'ON_HOLD' // somebody said that nothing starts or goes on
  | 'RUN_CLOSED'
  | 'EVENT_REFUSED' // the run's state has no transition for the event
  | 'MACHINE_CHANGED' // the run was started under another definition
  | 'LIVE_REFUSED' // live mode is not allowed here or now
  | 'FILES_UNSAFE' // others could have written what decides in a live run
  | 'OPERATOR_REFUSED' // the process's user is not the operator that it says, or none
  | 'TARGET_UNREACHABLE'
  | 'TARGET_REFUSED' // the server answers, but not as a target of ours
  | 'HOST_UNREACHABLE' // the connection to a host was lost; what was under way is not known
  | 'HOST_COMMAND_FAILED' // a command on a host did not do what it is for
  | 'TOOL_MISSING'
  | 'STORE_NEWER' // the store was written by a newer version
  | 'STORE_CORRUPT'
  | 'STORE_UNWRITABLE'
  | 'STORE_TAMPERED' // a digest does not fit what is stored
  | 'STORE_CONFLICT' // somebody else saved a step first
  | 'INTERNAL'

export interface ErrorDetails {
  /** What the caller should do next, as one sentence or command. */
  next?: string
  /** Facts for `--json`; never a secret. */
  data?: { [key: string]: Json }
  cause?: unknown
}

export class CutterError extends Error {
  readonly code: ErrorCode
  readonly next: string | undefined
  readonly data: { [key: string]: Json }

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'CutterError'
    this.code = code
    this.next = details.next
    this.data = details.data ?? {}
  }
}

/** Why a run that is not closed does not go on. */
export type StopCode =
  | 'STOP_APPROVAL_REQUIRED'
  | 'STOP_REFUSED_INPUT'
  | 'STOP_SOURCE_CHANGED'
  | 'STOP_TARGET_UNREACHABLE'
  | 'STOP_TARGET_REFUSED'
  | 'STOP_TARGET_LOCKED'
  | 'STOP_GRANTS_MISMATCH'
  | 'STOP_PLAN_NOT_DETERMINISTIC'
  | 'STOP_UNITS_DIFFER'
  | 'STOP_DRIFT'
  | 'STOP_REHEARSAL_NOT_REPRESENTATIVE'
  | 'STOP_REHEARSAL_FAILED'
  | 'STOP_COUNTS_CHANGED_BY_OTHERS'
  | 'STOP_MUTATION_DETECTED'
  | 'STOP_VERIFICATION_FAILED'
  | 'STOP_EXECUTION_DISABLED'
  | 'STOP_HOLD'
  | 'STOP_CAP_UNITS'
  | 'STOP_CAP_RUN_TIME'
  | 'STOP_TOOL_MISSING'
  | 'STOP_BACKUP_FAILED'
  | 'STOP_BACKUP_STALE'
  | 'STOP_MIGRATION_FAILED'
  | 'STOP_RESULT_DIFFERS'
  | 'STOP_OUTCOME_UNKNOWN'
  | 'STOP_HOST_UNREACHABLE'
  | 'STOP_HOST_KEY_UNKNOWN'
  | 'STOP_HOST_KEY_CHANGED'
  | 'STOP_HOST_REFUSED'
  | 'STOP_HOST_COMMAND_FAILED'
  | 'STOP_SOURCE_MISSING'
  | 'STOP_ARTIFACT_UNCLEAN'
  | 'STOP_PREFLIGHT_FAILED'
  | 'STOP_TRANSFER_FAILED'
  | 'STOP_CHECKS_FAILED'
  | 'STOP_NOT_CONFIRMED'
  | 'STOP_ROLLBACK_FAILED'
  | 'STOP_INTERNAL'

export interface StopFacts {
  code: StopCode
  message: string
  next?: string
  data?: { [key: string]: Json }
}

/**
 * Thrown by an effect that knows that nothing of it remains: a read, or a write that was rolled back or never began.
 * Any other error of a write leaves its outcome open, and the engine probes.
 */
export class Stop extends Error {
  readonly facts: StopFacts

  constructor(
    code: StopCode,
    message: string,
    details: { next?: string; data?: { [key: string]: Json }; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause })
    this.name = 'Stop'
    this.facts = {
      code,
      message,
      ...(details.next === undefined ? {} : { next: details.next }),
      ...(details.data === undefined ? {} : { data: details.data }),
    }
  }
}
