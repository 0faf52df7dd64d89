import type { Checks } from './checks-file.ts'
import type { HostFacts } from './host-survey.ts'
import type { DeployPaths } from './paths.ts'

/** One finding before the plan. `fail` blocks the plan. */
export interface PreflightFinding {
  check: string
  status: 'ok' | 'warn' | 'fail'
  message: string
}

/** What the host answered: `key=value` lines as an object. */
export type PreflightAnswers = { [key: string]: string }

/** What a preflight is about. */
export interface PreflightSubject {
  place: DeployPaths
  facts: HostFacts
  artifact: { bytes: number; files: number; entries?: number }
  checks: Checks
  runId: string
}

/** One row of the preflight: a question for the host's shell, and the findings that follow from its answers. */
export interface PreflightCheck {
  /**
   * Shell lines that print `key=value` and write nothing. They may use `$parent`, `$target`, `$staging`, `$name` (the target's name
   * as a pattern), the tools in `"$@"`, and the functions of the preflight script.
   */
  ask: string
  find(answers: PreflightAnswers, subject: PreflightSubject): PreflightFinding[]
}

/** A finding that is `ok` when it holds and `fail` when it does not, with a message for either. */
export const judge = (check: string, holds: boolean, ok: string, fault: string): PreflightFinding => ({
  check,
  status: holds ? 'ok' : 'fail',
  message: holds ? ok : fault,
})

/** A finding that the plan shows to the approver and that does not block the run. */
export const warn = (check: string, message: string): PreflightFinding => ({ check, status: 'warn', message })

/** The answers whose keys begin with the prefix, without that prefix. */
export const pickAnswers = (answers: PreflightAnswers, prefix: string): PreflightAnswers =>
  Object.fromEntries(
    Object.entries(answers).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  )
