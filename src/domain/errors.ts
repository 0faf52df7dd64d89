import type { Json } from './json.ts'
import type { StopCode } from './stop-codes.ts'

/**
 * Errors have two kinds. A `CutterError` answers a caller: the command did not happen. A `Stop` is thrown by an effect: the run
 * stays in its state, with a stop code, until someone removes the cause and resumes the run.
 */

/** Every code of a refused command. The exit codes of the command line are a Record over this type. */
export type ErrorCode =
  | 'USAGE' // the command line is wrong
  | 'INPUT_REFUSED' // the input cannot be used as it is
  | 'CONFIG_INVALID' // cutter.yaml cannot be read, or a value in it is not valid
  | 'RUN_NOT_FOUND'
  | 'APPROVAL_NOT_FOUND'
  | 'MACHINE_NOT_FOUND'
  | 'TARGET_NOT_FOUND'
  | 'KEY_REUSED' // the same start key with other input
  | 'APPROVAL_REQUIRED'
  | 'APPROVAL_REFUSED'
  | 'RUN_HELD' // another process works on the run
  | 'ON_HOLD' // a hold is on: nothing starts or continues
  | 'RUN_CLOSED'
  | 'EVENT_REFUSED' // the run's state has no transition for the event
  | 'MACHINE_CHANGED' // the run was started under another definition
  | 'LIVE_REFUSED' // live mode is not allowed here or now
  | 'FILES_UNSAFE' // other users could have written a file that decides, or own the cutter.yaml that was found
  | 'TOKEN_REFUSED' // the service does not know the caller: no token, or one that does not count
  | 'ACCESS_REFUSED' // the token's role or scope does not include this
  | 'TOKEN_NOT_FOUND'
  | 'SERVICE_RUNNING' // another service serves this home
  | 'SERVICE_ENDING' // the service was asked to end before the run rested
  | 'OPERATOR_REFUSED' // the process's user is not an operator, or not the operator that it claims to be
  | 'TARGET_UNREACHABLE'
  | 'TARGET_REFUSED' // the server answers, but it is not a usable target
  | 'HOST_UNSUITABLE' // this host of those that share a store lacks what the run needs
  | 'HOST_UNREACHABLE' // the connection to a host was lost; the state of the last command is unknown
  | 'HOST_COMMAND_FAILED' // a command on a host failed
  | 'TOOL_MISSING'
  | 'STORE_NEWER' // the store was written by a newer version
  | 'STORE_CORRUPT'
  | 'STORE_UNWRITABLE'
  | 'STORE_TAMPERED' // stored data does not match its digest
  | 'STORE_CONFLICT' // another process saved a step first
  | 'INTERNAL'

interface ErrorDetails {
  /** What the caller should do next, as one sentence or command. */
  next?: string
  /** Facts for `--json`; never a secret. */
  data?: { [key: string]: Json }
  cause?: unknown
}

/** The error that every command throws: a code, a sentence, and what to do next. */
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

/** A stop as it is stored and printed. */
export interface StopFacts {
  code: StopCode
  message: string
  next?: string
  data?: { [key: string]: Json }
}

/**
 * An effect throws a Stop when it knows that none of its changes remain: it is a read, or a write that was rolled back or never
 * started. After any other error of a write the outcome is open, and the engine probes the target.
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

/** An error of a write whose outcome only a probe finds out. */
export class OutcomeUnknown extends Error {
  /** What the error means once a probe has found that nothing was committed. */
  ifMissing: Stop | null = null
}

/** APPROVAL_NOT_FOUND for an id, with what to do next. */
export function noSuchApprovalError(approvalId: string, next = 'cutter approval list'): CutterError {
  return new CutterError('APPROVAL_NOT_FOUND', `there is no approval ${approvalId} here`, { next })
}

/** RUN_NOT_FOUND for an id, or for a part of an id that no run has. */
export function noSuchRunError(runId: string): CutterError {
  return new CutterError('RUN_NOT_FOUND', `there is no run ${runId} here`, { next: 'cutter run list' })
}

/** RUN_NOT_FOUND for a run that was pruned. `prunedAt` is ISO 8601; the digest is the SHA-256 of its evidence bundle. */
export function prunedRunError(pruned: {
  runId: string
  prunedAt: string
  bundleDigest: string
}): CutterError {
  const { runId, prunedAt, bundleDigest } = pruned
  return new CutterError('RUN_NOT_FOUND', `run ${runId} was pruned at ${prunedAt}`, {
    next: `its evidence bundle has the SHA-256 ${bundleDigest}: cutter verify <bundle>`,
  })
}

/** STORE_TAMPERED for a run whose record does not hold. The run is neither shown nor moved; other runs are not affected. `end`: the command that can close it nevertheless. */
export function tamperedRunError(runId: string, fault: string, end?: string): CutterError {
  return new CutterError(
    'STORE_TAMPERED',
    `run ${runId} can't be trusted: ${fault}. Other runs are not affected.`,
    {
      next: `compare with a backup of the store; see: cutter run history ${runId}${end === undefined ? '' : `; if no backup has it: ${end}`}`,
      data: { runId },
    },
  )
}

/** STORE_TAMPERED for evidence that a run names and the store lacks. */
export function missingEvidenceError(runId: string, digest: string): CutterError {
  return new CutterError('STORE_TAMPERED', `the evidence ${digest} of run ${runId} is missing`, {
    next: `compare with a backup of the store; see: cutter run history ${runId}`,
    data: { runId },
  })
}
