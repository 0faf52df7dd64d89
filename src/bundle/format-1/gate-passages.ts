import type { HistoryEntry } from '../../domain/history-entry.ts'
import type { RecordedApproval, RunRecord } from '../run-record.ts'
import { readStatement, UPGRADED } from './facts.ts'

/**
 * How a run got past its gates, read from a history that was checked before: so that the text of VERIFY.md and the closeout of
 * format 1 stay as they are, whatever becomes of the check.
 */
export interface Passage {
  approvalId: string
  decidedSeq: number
  usedSeq: number
}

const DECISIONS = ['APPROVE', 'REJECT', 'VOID']

export function passagesIn({ history }: RunRecord): Passage[] {
  const passages: Passage[] = []
  let before: HistoryEntry | null = null
  let decided: { approvalId: string | null; seq: number; state: string } | null = null
  for (const entry of history) {
    const isRecord = entry.event.type.startsWith('cutter.') && entry.status === before?.status
    const decision = isRecord ? null : decisionIn(entry)
    if (before?.status === 'paused' && decision !== null)
      decided = { approvalId: decision, seq: entry.seq, state: before.state }
    if (decided !== null && entry.event.type === UPGRADED)
      decided = { ...decided, approvalId: null, state: entry.state }
    const used = entry.event.approvalUsed as string | undefined
    if (used !== undefined) {
      if (decided?.approvalId !== used) throw new Error(`no decision brought approval ${used}`)
      passages.push({ approvalId: used, decidedSeq: decided.seq, usedSeq: entry.seq })
      decided = null
    } else if (decided !== null && entry.status === 'paused' && entry.state === decided.state) {
      decided = null
    }
    before = entry
  }
  return passages
}

function decisionIn({ event }: HistoryEntry): string | null {
  const { type, approvalId } = event
  return DECISIONS.includes(type) && typeof approvalId === 'string' ? approvalId : null
}

/** The approval that was brought, and those that its decision's entry names for the same decision on the same arrival. */
export function countedAt(
  { history, approvals }: RunRecord,
  { approvalId, decidedSeq }: Passage,
): RecordedApproval[] {
  const brought = approvals.find((approval) => approval.approvalId === approvalId)
  if (brought === undefined) return []
  const named = approvalsNamedIn(history[decidedSeq - 1]!.event)
  const subject = subjectOf(brought)
  return approvals.filter(
    (approval) =>
      approval === brought ||
      (named.includes(approval.approvalId) &&
        approval.kind === brought.kind &&
        subjectOf(approval) === subject),
  )
}

function approvalsNamedIn(event: unknown): string[] {
  if (typeof event === 'string') return /^ap-[0-9a-f]{32}$/.test(event) ? [event] : []
  if (event === null || typeof event !== 'object') return []
  return Object.values(event).flatMap(approvalsNamedIn)
}

function subjectOf({ statementText }: RecordedApproval): string {
  const { runId, gate, seq, historyHead, planDigest, decision } = readStatement(statementText)
  return JSON.stringify([runId, gate, seq, historyHead, planDigest, decision])
}
