import type { Refusal, RefusalReason } from '../approvals/refusal.ts'
import { CutterError, type ErrorCode } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { recordStep } from '../machine/transition.ts'
import type { EngineDeps } from './engine-deps.ts'
import { currentLease } from './lease.ts'
import { throughOf } from './operators.ts'
import { readStepTime } from './step-time.ts'

/** All other reasons are APPROVAL_REFUSED. */
const ERROR_CODES: Partial<Record<RefusalReason, ErrorCode>> = {
  APPROVAL_UNKNOWN: 'APPROVAL_NOT_FOUND',
  FILES_UNSAFE: 'FILES_UNSAFE',
}

/**
 * Records a refusal in the history of a run, and builds the error for it. The entry does not move the run, so that attempts can be seen and
 * statements stay valid.
 */
export async function recordRefusal(
  deps: EngineDeps,
  run: Run,
  approvalId: string,
  refusal: Refusal,
  by: string,
): Promise<CutterError> {
  const { reason, message, next, recorded = message, differences } = refusal
  const found = differences === undefined || differences.length === 0 ? {} : { differences }
  const event = { type: 'cutter.approval-refused', approvalId, reason, message: recorded, ...found }
  const { at, reading } = readStepTime(deps, run)
  const step = recordStep(run, { ...event, ...throughOf(deps), ...reading }, { at, by })
  await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
  return new CutterError(ERROR_CODES[reason] ?? 'APPROVAL_REFUSED', message, {
    next,
    data: {
      runId: run.runId,
      approvalId,
      reason,
      ...(differences === undefined ? {} : { differences }),
    },
  })
}
