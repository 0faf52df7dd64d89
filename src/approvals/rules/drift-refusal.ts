import type { Approval } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import { nextApprovalCommand } from '../refusal.ts'

/** What the last check found when a run is back at its gate: the approval's refusal, with each difference on a line of its own. */
export interface WorldRefusal {
  reason: 'DRIFT' | 'WORLD_NOT_CHECKED'
  /** For the history: what was found. */
  why: string
  message: string
  next: string
  differences: string[]
}

/**
 * Three cases: the run planned anew, and the approval covers another plan; no plan could be made of the world as it is, so the
 * approval stays good for when it is put back; or the world could not be looked at.
 */
export function worldRefusal(run: Run, approval: Approval): WorldRefusal {
  const { code, next = '', message: why = 'the world is not as the plan says' } = recheckOf(run)
  const differences = differencesOf(run)
  const { approvalId, statement } = approval
  const again = `cutter run resume ${run.runId} --approval ${approvalId}`
  if (run.planDigest !== statement.planDigest) {
    const kind = run.mode === 'live' ? 'signed' : 'rehearsal'
    return {
      reason: 'DRIFT',
      why,
      message: `the plan that was approved no longer fits: ${why}. The run planned anew and waits at the same gate; approval ${approvalId} was not used.`,
      next: `read cutter run plan ${run.runId}, then: ${nextApprovalCommand(run, { kind, statement })}`,
      differences,
    }
  }
  if (differences.length > 0) {
    return {
      reason: 'DRIFT',
      why,
      message: `the world is not as the approved plan says, and there is no plan for it: ${why}. Approval ${approvalId} was not used and stays valid.`,
      next: `set that right, then: ${again}`,
      differences,
    }
  }
  // What a rehearsal wrote is nowhere else: without it this run can't be mended.
  const gone = code === 'STOP_REHEARSAL_FAILED' && next !== ''
  return {
    reason: 'WORLD_NOT_CHECKED',
    why,
    message: `the world could not be checked: ${why}. Approval ${approvalId} was not used and stays valid.`,
    next: gone ? next : `mend that, then: ${again}`,
    differences,
  }
}

/** What the run's own last check, or the stop that it stands at, says differs from its plan; a line each. */
export function differencesOf(run: Run): string[] {
  const found = run.status === 'stopped' ? run.stop.data?.differences : recheckOf(run).differences
  return Array.isArray(found) ? (found as string[]) : []
}

/** Where a machine keeps what its recheck found: `recheck` in its output. */
function recheckOf({ output }: Run): Recheck {
  return (output as { recheck?: Recheck | null }).recheck ?? {}
}

type Recheck = { code?: string; message?: string; next?: string; differences?: unknown }
