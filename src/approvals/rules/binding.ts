import { ABANDON_GATE, type Approval } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import { nameInLine } from '../../domain/visible.ts'
import { nextApprovalCommand, type Refusal, type RefusalReason, refusalOf } from '../refusal.ts'

/** APPROVAL_UNKNOWN for an id that the store does not have. */
export function unknownApprovalRefusal(approvalId: string): Refusal {
  const next =
    'cutter approval list; one signed elsewhere comes in with: cutter approval import --statement F --signature F.sig'
  return refusalOf('APPROVAL_UNKNOWN', { approvalId }, { next })
}

/** The command that uses an approval with the decision `abandon`. */
export const abandonCommand = (runId: string, approvalId: string) =>
  `cutter run abandon ${runId} --approval ${approvalId}`

/** RUN_CLOSED or NOT_AT_A_GATE: what the run does instead of waiting, and what its operator can do. */
export function notAtGateRefusal(run: Run, next?: string): Refusal {
  const { runId } = run
  switch (run.status) {
    case 'closed':
      return refusalOf('RUN_CLOSED', run, {
        detail: `it ended as ${run.outcome}, at ${run.state}`,
        next: next ?? `cutter run show ${runId}`,
      })
    case 'stopped':
      return refusalOf('NOT_AT_A_GATE', run, {
        detail: `it is stopped at ${run.state} with ${run.stopCode}`,
        next: next ?? `cutter run show ${runId}`,
      })
    default: {
      const phase = run.phase === null ? '' : `, in phase ${run.phase}`
      return refusalOf('NOT_AT_A_GATE', run, {
        detail: `it is ${run.status} at ${run.state}${phase}`,
        next: next ?? `wait until it pauses; see: cutter run show ${runId}`,
      })
    }
  }
}

/** Finds why an approval is not for the gate, the arrival and the plan at which the run waits. Its signature is not checked here. */
export function findBindingRefusal({ run, approval }: { run: Run; approval: Approval }): Refusal | null {
  if (run.status !== 'paused') return notAtGateRefusal(run)
  const { statement } = approval
  const kind = run.mode === 'live' ? 'signed' : approval.kind
  const refuse = (reason: RefusalReason, detail?: string): Refusal =>
    refusalOf(reason, approval, {
      ...(detail === undefined ? {} : { detail }),
      next: nextApprovalCommand(run, { kind, statement }),
    })
  if (approval.usedSeq !== null) {
    return refuse(
      'ALREADY_USED',
      `at entry ${approval.usedSeq}, on ${approval.usedAt}. An approval counts once`,
    )
  }
  const arrived = statement.seq === run.gateSeq && statement.historyHead === run.gateHead
  // A statement from before an upgrade names this run, but an arrival that is past.
  const isOfOtherVersion = statement.version !== run.version && arrived
  if (statement.runId !== run.runId || statement.machine !== run.machine || isOfOtherVersion) {
    const theirs = `${nameInLine(statement.runId)} (${nameInLine(statement.machine)} ${nameInLine(statement.version)})`
    return refuse('OTHER_RUN', `${theirs}, not ${run.runId} (${run.machine} ${run.version})`)
  }
  const other = findOtherGateRefusal(run, approval, kind)
  if (other !== null) return other
  if (!arrived) return refuse('OTHER_ARRIVAL', describeOtherArrival(run, approval))
  if (statement.planDigest !== run.planDigest) {
    const now = run.gate === ABANDON_GATE ? 'the list of unsettled writes is now' : 'the run now plans'
    return refuse('OTHER_PLAN', `${statement.planDigest}; ${now} ${run.planDigest}`)
  }
  if (run.mode === 'live' && approval.kind === 'rehearsal') {
    return refuse('REHEARSAL_IN_LIVE', `run ${run.runId} is live`)
  }
  return null
}

/** An approval that abandons a run counts at no gate, and no other approval abandons a run. */
function findOtherGateRefusal(run: Run, approval: Approval, kind: Approval['kind']): Refusal | null {
  const { statement } = approval
  const { gate, decision } = statement
  const isAbandoning = run.gate === ABANDON_GATE
  if (gate === run.gate && isAbandoning === (decision === 'abandon')) return null
  const detail = isAbandoning
    ? `it decides ${decision} at gate ${nameInLine(gate)}, and does not abandon run ${run.runId}`
    : `gate ${nameInLine(gate)}; run ${run.runId} waits at ${run.gate}`
  const wanted = isAbandoning ? ({ ...statement, decision: 'abandon' } as const) : statement
  const next =
    decision === 'abandon'
      ? abandonCommand(run.runId, approval.approvalId)
      : nextApprovalCommand(run, { kind, statement: wanted })
  return refusalOf('OTHER_GATE', approval, { detail, next })
}

/** A signer signs what the store showed. If this history lacks the entry, another copy of the store has it, or had it. */
function describeOtherArrival(run: Run, { kind, statement: { seq, historyHead } }: Approval): string {
  const arrived =
    run.gate === ABANDON_GATE ? 'what the run did since leads to' : `the run arrived at ${run.gate} in`
  const arrivals = `entry ${seq} with hash ${historyHead}; ${arrived} entry ${run.gateSeq} with hash ${run.gateHead}`
  const isMissing = seq > run.seq || (seq === run.gateSeq && historyHead !== run.gateHead)
  return isMissing && kind === 'signed'
    ? `${arrivals}. This run has no such entry: if its signer saw one, the store is an older copy, or was rewritten`
    : arrivals
}
