import type { ErrorCode } from '../domain/errors.ts'
import type { Status } from '../domain/history-entry.ts'
import type { Outcome } from '../domain/run.ts'

/**
 * The exit code of each error: 1 failed or internal error · 2 usage or refused input · 3 not allowed to continue · 4 no such run,
 * approval, machine or target.
 */
export const EXIT_OF_ERROR: Record<ErrorCode, number> = {
  USAGE: 2,
  INPUT_REFUSED: 2,
  CONFIG_INVALID: 2,
  KEY_REUSED: 2,
  RUN_NOT_FOUND: 4,
  APPROVAL_NOT_FOUND: 4,
  MACHINE_NOT_FOUND: 4,
  TARGET_NOT_FOUND: 4,
  APPROVAL_REQUIRED: 3,
  APPROVAL_REFUSED: 3,
  RUN_HELD: 3,
  ON_HOLD: 3,
  RUN_CLOSED: 3,
  EVENT_REFUSED: 3,
  MACHINE_CHANGED: 3,
  LIVE_REFUSED: 3,
  HOST_UNSUITABLE: 3,
  FILES_UNSAFE: 3,
  TOKEN_REFUSED: 3,
  ACCESS_REFUSED: 3,
  TOKEN_NOT_FOUND: 4,
  SERVICE_RUNNING: 3,
  SERVICE_ENDING: 3,
  OPERATOR_REFUSED: 3,
  STORE_CONFLICT: 3,
  STORE_TAMPERED: 3,
  TARGET_UNREACHABLE: 1,
  TARGET_REFUSED: 1,
  HOST_UNREACHABLE: 1,
  HOST_COMMAND_FAILED: 1,
  TOOL_MISSING: 1,
  STORE_NEWER: 1,
  STORE_CORRUPT: 1,
  STORE_UNWRITABLE: 1,
  INTERNAL: 1,
}

const EXIT_OF_OUTCOME: Record<Outcome, number> = {
  succeeded: 0,
  failed: 1,
  'rolled-back': 1,
  rejected: 3,
  cancelled: 3,
  voided: 3,
  abandoned: 3,
}

/** The exit code of a command that answers a run: 0 while it works or waits at a gate, 3 when it stopped, else by its outcome. */
export function exitOfRun({ status, outcome }: { status: Status; outcome: Outcome | null }): number {
  if (outcome !== null) return EXIT_OF_OUTCOME[outcome]
  return status === 'stopped' ? 3 : 0
}

/** The exit code of `verify`: 1 does not hold; 3 holds, but nobody is trusted or a requirement is unmet; 0 otherwise. */
export function exitOfVerdict(
  { holds, unmet }: { holds: boolean; unmet: string[] },
  { withSigners, integrityOnly }: { withSigners: boolean; integrityOnly: boolean },
): number {
  if (!holds) return 1
  return integrityOnly || (withSigners && unmet.length === 0) ? 0 : 3
}

/** The exit code with which shells report a process that SIGINT ended. */
export const EXIT_INTERRUPTED = 130
