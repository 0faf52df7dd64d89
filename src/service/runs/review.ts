import type { Home } from '../../app/open-home.ts'
import { explain } from '../../engine/explain.ts'
import type { WorldSeen } from '../../engine/look-at-world.ts'
import { readGateAhead } from '../page/gate-ahead.ts'
import { type PlanChanges, readPlanChanges } from '../page/plan-changes.ts'
import { findRun } from './find-run.ts'
import { renderRunPlan } from './readable-plan.ts'
import { findReadyApproval } from './ready-approval.ts'
import { answerOfRun, type RunAnswer } from './run-answer.ts'

/** What a person weighs before a signature, at once. */
export interface RunReview {
  run: RunAnswer
  /** The plan for people, as Markdown. */
  plan: string
  /** What differs from the plan with which the run came to this gate before. */
  changes: PlanChanges
  /** What of the world is not as the plan says now; where it was not looked at, what made the run return to this gate. */
  differences: string[]
  /** How the world was seen; null unless the run waits at a gate. */
  world: WorldSeen | null
  /** Whether the world was looked at and is not as the plan says: an approval would be refused. */
  isMoved: boolean
  /** What would refuse an approval that were brought now. */
  refusals: { reason: string; message: string; next: string | null }[]
  /** What happens after a yes, with how each write is taken back; `isFinal`: a live write without a known way back. */
  ahead: {
    state: string
    phase: string | null
    kind: 'read' | 'write' | null
    wayBack: string | null
    isFinal: boolean
  }[]
  isFinal: boolean
  /** How many people must approve; 0 away from a gate. */
  need: number
  /** Approvals that are kept for this gate and not used, with what they are worth now. */
  signed: {
    approvalId: string
    approver: string
    decision: string
    wouldCount: boolean
    why: string | null
  }[]
  /** An approval with which the run would pass its gate now; null without one. */
  readyApproval: string | null
  /** Who may approve. */
  may: string[]
}

/**
 * Reads what belongs to a decision at the gate of a run. Changes nothing.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match; INPUT_REFUSED when the run has no plan
 */
export async function reviewRun(home: Home, { run: text }: { run: string }): Promise<RunReview> {
  const run = await findRun(home, text)
  const { runId } = run
  const changes = await readPlanChanges(home, { run: runId })
  const { deps, store } = await home.app()
  const explained = await explain(deps, runId, { isAsked: true })
  const { steps, isFinal } = await readGateAhead(home, { run: runId })
  return {
    run: await answerOfRun(home, run),
    plan: await renderRunPlan(store, run, { page: null, pageSize: 200 }),
    changes,
    differences: explained.differsFrom === 'earlier-plan' ? [] : explained.differences,
    world: explained.world,
    isMoved: explained.world?.isAsPlanned === false,
    refusals: explained.refusals.map(({ reason, message, next }) => ({ reason, message, next })),
    ahead: steps,
    isFinal,
    need: explained.policy?.need ?? 0,
    signed: explained.approvals.map(({ approvalId, approver, decision, wouldCount, message }) => ({
      approvalId,
      approver,
      decision,
      wouldCount,
      why: message,
    })),
    readyApproval: findReadyApproval(explained),
    may: explained.approvers.filter(({ may }) => may).map(({ principal }) => principal),
  }
}
