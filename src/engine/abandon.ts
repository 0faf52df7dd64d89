import { unknownApprovalRefusal } from '../approvals/rules/binding.ts'
import { ABANDON_GATE } from '../domain/approval.ts'
import { abandonedPlan } from '../domain/begun-writes.ts'
import { type Evidence, evidenceNames, jsonEvidence } from '../domain/evidence.ts'
import type { RunEvent } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import { RUN_ABANDONED, type Run } from '../domain/run.ts'
import { recordStep } from '../machine/transition.ts'
import { decisionFacts, judgeAtGate } from './apply-approval.ts'
import { recordSwitch } from './check-live.ts'
import { assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps } from './engine-deps.ts'
import { assertNotClaimed, claimEffects, currentLease, mapConflict } from './lease.ts'
import { loadRunWithApprovals } from './load-run.ts'
import { assertOperator, operatorDeclaredBy, throughOf } from './operators.ts'
import { prepareAbandonment } from './prepare-abandonment.ts'
import { recordRefusal } from './record-refusal.ts'
import { readStepTime } from './step-time.ts'

/** The options of `Engine.abandon`. */
export interface AbandonOptions {
  approvalId: string
  /** Label of the operator. */
  by?: string
}

/**
 * Closes a run as abandoned under an approval, whatever its state. Neither its machine nor its target is asked, and no hold binds it. The
 * closing entry lists each write of which nobody knows whether it was committed, and the evidence that the store has lost. A closed run is answered as it is.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 * @throws RUN_HELD when another process works on the run
 * @throws APPROVAL_NOT_FOUND, APPROVAL_REFUSED, FILES_UNSAFE with the reason; the history records it
 * @throws OPERATOR_REFUSED, INPUT_REFUSED, USAGE for the operator's label
 */
export async function abandonRun(
  deps: EngineDeps,
  id: string,
  { approvalId, by: label }: AbandonOptions,
): Promise<Run> {
  assertNoSecretWords(deps, { '--by': label, '--approval': approvalId })
  const { run, approvals, byPeople } = await loadRunWithApprovals(deps, id, { acceptsLost: true })
  if (run.status === 'closed') return run
  const by = assertOperator(deps, label)
  await assertNotClaimed(deps, run)
  const { run: judged, ...abandoned } = await prepareAbandonment(deps, run)
  const approval = await deps.store.approval(approvalId)
  if (approval === null)
    throw await recordRefusal(deps, run, approvalId, unknownApprovalRefusal(approvalId), by)
  const verdict = await judgeAtGate(deps, judged, approval, by, { approvals, byPeople })
  if (verdict.refusal !== null) throw await recordRefusal(deps, run, approvalId, verdict.refusal, by)

  const { unsettledWrites, lostEvidence } = abandoned
  const list = jsonEvidence(`plan/${ABANDON_GATE}`, abandonedPlan(abandoned))
  const event = {
    type: RUN_ABANDONED,
    ...decisionFacts(approval, verdict),
    approvalUsed: approvalId,
    outcome: 'abandoned',
    unsettledWrites: unsettledWrites as unknown as Json,
    ...(lostEvidence.length === 0 ? {} : { lostEvidence: lostEvidence as unknown as Json }),
    osUser: deps.osUser,
    operatorDeclared: operatorDeclaredBy(deps),
    ...throughOf(deps),
    ...(await recordSwitch(deps)),
  }
  return mapConflict(deps, run, () => close(deps, run, event, [...(verdict.evidence ?? []), list], by))
}

/** Claims what is in flight first, so that nobody begins it again while the run closes. What was left behind stays listed as unsettled. */
async function close(
  deps: EngineDeps,
  run: Run,
  event: RunEvent,
  evidence: Evidence[],
  by: string,
): Promise<Run> {
  const effects = await claimEffects(deps, run, { evenLeftBehind: true })
  const timers = await deps.store.timers(run.runId)
  const { at, reading } = readStepTime(deps, run)
  const named = { ...event, ...reading, evidence: evidenceNames(evidence) }
  const step = {
    ...recordStep(run, named, { at, by, evidence }),
    effectsDropped: effects.map(({ invokeId }) => invokeId),
    timersDropped: timers.map(({ timerId }) => timerId),
  }
  await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
  await deps.onClosed?.(step.run)
  return step.run
}
