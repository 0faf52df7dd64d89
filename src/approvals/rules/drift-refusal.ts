import type { Approval } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import { nextApprovalCommand, type Refusal, refusalOf } from '../refusal.ts'

/**
 * Builds the refusal of a run that its last check of the world sent back to its gate. Three cases: the run made a new plan, which the
 * approval does not cover; there is no plan for the world as it is, so the approval stays valid until the world is restored; or the
 * world could not be checked. `inPlans` are the fields in which the two plans differ, for a machine whose recheck names no differences.
 */
export function driftRefusal(run: Run, approval: Approval, inPlans: string[] = []): Refusal {
  const { code, next = '', message: what = 'the world is not as the plan says' } = recheckOf(run)
  const found = findDifferences(run)
  const differences = found.length > 0 ? found : inPlans
  const { approvalId, statement } = approval
  const resume = `cutter run resume ${run.runId} --approval ${approvalId}`
  const refuse = (reason: 'DRIFT' | 'WORLD_NOT_CHECKED', consequence: string, todo: string): Refusal => ({
    ...refusalOf(reason, approval, { detail: `${what}. ${consequence}`, next: todo }),
    recorded: what,
    differences,
  })
  if (run.planDigest !== statement.planDigest) {
    const kind = run.mode === 'live' ? 'signed' : 'rehearsal'
    return refuse(
      'DRIFT',
      `The run made a new plan and waits at the same gate. Approval ${approvalId} was not used.`,
      `read cutter run plan ${run.runId}, then: ${nextApprovalCommand(run, { kind, statement })}`,
    )
  }
  if (differences.length > 0) {
    return refuse(
      'DRIFT',
      `There is no plan for the world as it is. Approval ${approvalId} was not used and stays valid.`,
      `correct that, then: ${resume}`,
    )
  }
  // What a rehearsal wrote is nowhere else, so without it nothing can be corrected in this run.
  const isRehearsalGone = code === 'STOP_REHEARSAL_FAILED' && next !== ''
  return refuse(
    'WORLD_NOT_CHECKED',
    `Approval ${approvalId} was not used and stays valid.`,
    isRehearsalGone ? next : `correct that, then: ${resume}`,
  )
}

/** Finds what differs from the plan of a run, one line each: in its last check of the world, or in the stop at which it is. */
export function findDifferences(run: Run): string[] {
  const found = run.status === 'stopped' ? run.stop.data?.differences : recheckOf(run).differences
  return Array.isArray(found) ? (found as string[]) : []
}

interface Recheck {
  code?: string
  message?: string
  next?: string
  differences?: unknown
}

/** A machine keeps what its recheck found as `recheck` in its output. */
function recheckOf({ output }: Run): Recheck {
  return (output as { recheck?: Recheck | null }).recheck ?? {}
}
