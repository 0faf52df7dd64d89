import type { Decision, Statement } from '../domain/approval.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import { CutterError } from '../domain/errors.ts'
import { canonicalJson, sha256 } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import { parseStatement } from './parse-statement.ts'

export { parseStatement } from './parse-statement.ts'

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
 * The statement on the plan that a run shows at its gate now.
 * Throws APPROVAL_REFUSED when the run is not paused at a gate, INPUT_REFUSED when a field can't stand in a statement.
 */
export function composeStatement(input: StatementInput): Statement {
  const { run, clock, validHours } = input
  if (run.status !== 'paused') {
    const { message, next } = describeNotAtGate(run)
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
  // Nobody may sign what could not be read back.
  return parseStatement(statementText(statement))
}

/** The bytes to sign: RFC 8785, no final newline. */
export function statementText(statement: Statement): string {
  return canonicalJson(statement)
}

/** The same statement has the same id however often it is imported. */
export function approvalIdOf(text: string): string {
  return `ap-${sha256(text).slice(0, 32)}`
}

/** The SSH signature namespace: a signature made for one gate of one machine is worth nothing at another. */
export function namespaceOf(machine: string, gate: string): string {
  return `cutter.${machine}.${gate}`
}

export function addHours(time: string, hours: number): string {
  return new Date(Date.parse(time) + hours * 3_600_000).toISOString()
}

/** What a run does instead of waiting at a gate, and what its operator can do about it. */
export function describeNotAtGate(run: Run): { message: string; next: string } {
  const at = `run ${run.runId} does not wait at a gate: it is`
  switch (run.status) {
    case 'closed':
      return {
        message: `${at} closed as ${run.outcome}, at ${run.state}`,
        next: `cutter run show ${run.runId}`,
      }
    case 'stopped':
      return {
        message: `${at} stopped at ${run.state} with ${run.stopCode}`,
        next: `cutter run show ${run.runId}`,
      }
    default:
      return {
        message: `${at} ${run.status} at ${run.state}${run.phase === null ? '' : `, in phase ${run.phase}`}`,
        next: `wait until it pauses; see: cutter run show ${run.runId}`,
      }
  }
}
