import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'
import { definedOnly } from '../defined.ts'
import { assertReason } from '../reason.ts'
import { findRun } from './find-run.ts'
import { answerOfClosed, answerOfRun, type RunAnswer } from './run-answer.ts'

export interface CancelRunInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  reason: string
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Closes a run as cancelled. What it has committed stays; `output` says what that is. A closed run is answered as it is.
 * @throws RUN_NOT_FOUND, USAGE when the reason is blank, RUN_HELD when another process works on the run, EVENT_REFUSED when a
 * live write may be in flight, OPERATOR_REFUSED, ACCESS_REFUSED
 */
export async function cancelRun(home: Home, { run, reason, by }: CancelRunInput): Promise<RunAnswer> {
  assertRole(home, 'cancel runs')
  const found = await findRun(home, run)
  const checkedReason = assertReason(reason)
  if (found.status === 'closed') return answerOfClosed(found, 'cancelled')
  const { engine } = await home.app()
  const cancelled = await engine.cancel(found.runId, { reason: checkedReason, ...definedOnly({ by }) })
  return answerOfRun(home, cancelled)
}
