import type { Approval } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import { isSameName } from '../count-people.ts'
import {
  type ApprovalCase,
  type ApprovalPolicy,
  nextApprovalCommand,
  type Refusal,
  type RefusalReason,
} from '../refusal.ts'
import { addHours, describeNotAtGate } from '../statement.ts'

/** What the approval is for, against where the run stands. */
export function findBindingRefusal({ run, approval }: { run: Run; approval: Approval }): Refusal | null {
  const { statement, approvalId } = approval
  const kind = run.mode === 'live' ? 'signed' : approval.kind
  const anew = nextApprovalCommand(run, { kind, statement })
  const refuse = (reason: RefusalReason, why: string): Refusal => {
    return { reason, message: `approval ${approvalId} ${why}`, next: anew }
  }
  if (run.status !== 'paused') {
    const { message, next } = describeNotAtGate(run)
    return { reason: run.status === 'closed' ? 'RUN_CLOSED' : 'NOT_AT_A_GATE', message, next }
  }
  if (approval.usedSeq !== null) {
    return refuse(
      'ALREADY_USED',
      `was used at entry ${approval.usedSeq}, on ${approval.usedAt}, and counts once`,
    )
  }
  const arrived = statement.seq === run.gateSeq && statement.historyHead === run.gateHead
  // Signed before the run was upgraded: its own, but of an arrival that is past.
  const otherVersion = statement.version !== run.version && arrived
  if (statement.runId !== run.runId || statement.machine !== run.machine || otherVersion) {
    const theirs = `${statement.runId} (${statement.machine} ${statement.version})`
    return refuse('OTHER_RUN', `is for run ${theirs}, not for ${run.runId} (${run.machine} ${run.version})`)
  }
  if (statement.gate !== run.gate) {
    return refuse('OTHER_GATE', `is for gate ${statement.gate}; run ${run.runId} waits at ${run.gate}`)
  }
  if (!arrived) {
    const then = `is for the arrival at ${run.gate} in entry ${statement.seq} with hash ${statement.historyHead}`
    return refuse(
      'OTHER_ARRIVAL',
      `${then}; the run arrived in entry ${run.gateSeq} with hash ${run.gateHead}${unknownEntry(run, approval)}`,
    )
  }
  if (statement.planDigest !== run.planDigest) {
    return refuse('OTHER_PLAN', `is for plan ${statement.planDigest}; the run now plans ${run.planDigest}`)
  }
  if (run.mode === 'live' && approval.kind === 'rehearsal') {
    return refuse(
      'REHEARSAL_IN_LIVE',
      `is a rehearsal, which counts in dry runs only; run ${run.runId} is live`,
    )
  }
  return null
}

/** An approver signs what there was to see: what this history lacks, another copy of the store has, or had. */
function unknownEntry(run: Run, { kind, statement: { seq, historyHead } }: Approval): string {
  const lacks = seq > run.seq || (seq === run.gateSeq && historyHead !== run.gateHead)
  return lacks && kind === 'signed'
    ? '. This run has no such entry: if its signer saw one, the store is an older copy, or was rewritten'
    : ''
}

/** A signer's clock may be a little ahead of ours. */
export const skewMinutes = 5

export function findValidityRefusal(approval: Approval, now: Date, policy: ApprovalPolicy): Refusal | null {
  const early = findTooEarlyRefusal(approval, now)
  if (early !== null) return early
  const { statement, approvalId } = approval
  const { issuedAt, expiresAt } = statement
  const longest = addHours(issuedAt, policy.validHours)
  const [endsAt, by] =
    expiresAt <= longest ? [expiresAt, 'as signed'] : [longest, `${policy.validHours} h by policy`]
  if (now.getTime() < Date.parse(endsAt)) return null
  return {
    reason: 'EXPIRED',
    message: `approval ${approvalId} expired at ${endsAt} (${by}); it is ${now.toISOString()}`,
    next: nextApprovalCommand(statement, approval),
  }
}

export function findTooEarlyRefusal({ approvalId, statement }: Approval, now: Date): Refusal | null {
  const { issuedAt } = statement
  if (Date.parse(issuedAt) <= now.getTime() + skewMinutes * 60_000) return null
  return {
    reason: 'NOT_YET_VALID',
    message: `approval ${approvalId} is issued at ${issuedAt}, but it is only ${now.toISOString()}`,
    next: 'wait until then, or set the clock right and sign again',
  }
}

/** Four eyes: in a live run nobody approves what they operate. */
export function findFourEyesRefusal(input: Omit<ApprovalCase, 'now' | 'trust'>): Refusal | null {
  const { run, approval, policy } = input
  const { approver } = approval.statement
  if (run.mode !== 'live' || policy.fourEyes === false) return null
  if (!listCaseOperators(input).some((name) => isSameName(name, approver))) return null
  return operatorsOwnRefusal(approval, `${approver} operates run ${run.runId}`)
}

export function listCaseOperators({ run, operators }: Pick<ApprovalCase, 'run' | 'operators'>): string[] {
  return [...new Set([run.startedBy, ...operators])].filter((name) => name.trim() !== '')
}

export function operatorsOwnRefusal(approval: Approval, why: string): Refusal {
  return {
    reason: 'OPERATORS_OWN',
    message: `approval ${approval.approvalId} is the operator's own: ${why}, and a live run wants another pair of eyes`,
    next: `have someone else sign: cutter approval sign ${approval.statement.runId} --as <principal> --key <file>`,
  }
}
