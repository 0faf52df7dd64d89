import type { Home } from '../../app/open-home.ts'
import { resumeRun } from './resume.ts'
import type { RunAnswer } from './run-answer.ts'

export interface RetryRunInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Resumes a stopped or interrupted run without an approval.
 * @throws what `resumeRun` throws
 */
export function retryRun(home: Home, { run, by }: RetryRunInput): Promise<RunAnswer> {
  return resumeRun(home, { run, by })
}
