import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'

/**
 * Finds the answer of a resume that needs no work: a closed run is answered as it is. Null when there is work to do.
 * @throws APPROVAL_REQUIRED when the run waits at a gate and no approval is given
 */
export function findRestingAnswer(run: Run, approvalId: string | undefined): Run | null {
  if (run.status === 'closed') return run
  if (run.status === 'paused' && approvalId === undefined) throw approvalRequiredError(run)
  return null
}

function approvalRequiredError(run: Run): CutterError {
  const next =
    run.mode === 'live'
      ? `cutter approval sign ${run.runId} --as <principal> --key <file>, then cutter run resume --approval <id>`
      : `cutter approval rehearse ${run.runId}, then cutter run resume --approval <id>`
  return new CutterError(
    'APPROVAL_REQUIRED',
    `run ${run.runId} waits at gate ${run.gate}; it continues only with an approval of its plan ${run.planDigest}`,
    {
      next,
      data: { runId: run.runId, gate: run.gate, planDigest: run.planDigest, stopCode: run.stopCode },
    },
  )
}
