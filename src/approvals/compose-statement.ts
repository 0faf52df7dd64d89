import type { Decision, Statement } from '../domain/approval.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { notAtGateRefusal } from './rules/binding.ts'
import { addHours, parseStatement, statementText } from './statement.ts'

/** Everything that a statement is composed from. `validHours` counts from now. */
export interface StatementInput {
  run: Run
  approver: string
  decision: Decision
  reason: string
  clock: Clock
  nonce: string
  validHours: number
  /** For gates that ask for a review: the id under which the signed statement is recorded as that review. */
  reviewDecisionId?: string
}

/**
 * Composes the statement on the plan that a run shows at its gate now.
 * @throws APPROVAL_REFUSED when the run is not paused at a gate
 * @throws INPUT_REFUSED when a field cannot be part of a statement
 */
export function composeStatement(input: StatementInput): Statement {
  const { run, clock, validHours } = input
  if (run.status !== 'paused') {
    const { message, next } = notAtGateRefusal(run)
    throw new CutterError('APPROVAL_REFUSED', message, { next, data: { runId: run.runId, state: run.state } })
  }
  if (run.gateSeq === null || run.gateHead === null || run.planDigest === null) {
    throw new CutterError(
      'INTERNAL',
      `run ${run.runId} is paused at gate ${run.gate} without a plan or an arrival`,
    )
  }
  const issuedAt = timestamp(clock)
  const statement: Statement = {
    type: 'cutter.approval/v1',
    runId: run.runId,
    machine: run.machine,
    version: run.version,
    gate: run.gate,
    seq: run.gateSeq,
    historyHead: run.gateHead,
    planDigest: run.planDigest,
    decision: input.decision,
    approver: input.approver,
    reason: input.reason,
    issuedAt,
    expiresAt: addHours(issuedAt, validHours),
    nonce: input.nonce,
    ...(input.reviewDecisionId === undefined ? {} : { reviewDecisionId: input.reviewDecisionId }),
  }
  // Parsed, because nobody may sign what could not be read later.
  return parseStatement(statementText(statement))
}
