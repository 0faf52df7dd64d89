import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'

/**
 * What `resume` answers without any work: a closed run as it is; APPROVAL_REQUIRED for one that waits and is brought none.
 * Null when there is work to do.
 */
export function findRestingAnswer(run: Run, approvalId: string | undefined): Run | null {
  if (run.status === 'closed') return run
  if (run.status === 'paused' && approvalId === undefined) throw approvalRequired(run)
  return null
}

function approvalRequired(run: Run): CutterError {
  const next =
    run.mode === 'live'
      ? `cutter approval sign ${run.runId} --as <principal> --key <file>, then cutter run resume --approval <id>`
      : `cutter approval rehearse ${run.runId}, then cutter run resume --approval <id>`
  return new CutterError(
    'APPROVAL_REQUIRED',
    `run ${run.runId} waits at gate ${run.gate}; it goes on only under an approval of its plan ${run.planDigest}`,
    {
      next,
      data: { runId: run.runId, gate: run.gate, planDigest: run.planDigest, stopCode: run.stopCode },
    },
  )
}
