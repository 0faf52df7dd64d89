import { UPGRADED } from '../domain/history.ts'
import { entryMarks } from '../domain/history-facts.ts'
import type { HistoryEntry, Outcome } from '../domain/run.ts'

/**
 * How a run got past its gates, read off the history alone: no chart is needed, so anybody can check it. An entry whose status
 * is `paused` waits at a gate. Only a decision that names an approval leads away from it; the run then looks at the world, and
 * either falls back to the gate or uses the approval up.
 */
export interface GatePassage {
  approvalId: string
  /** `seq` of the decision that brought the approval, and of the entry that used it up. */
  decidedSeq: number
  usedSeq: number
  /** The milestone at which the gate is. */
  state: string
}

const DECISIONS = ['APPROVE', 'REJECT', 'VOID']

/** Thrown by `passagesOf`: the sentence says which entry went past a gate without an approval, or used one that was not brought. */
export class UnapprovedPassageError extends Error {}

export function readGatePassages(history: HistoryEntry[], outcome: Outcome | null): GatePassage[] {
  const passages: GatePassage[] = []
  let before: HistoryEntry | null = null
  let decided: { approvalId: string | null; seq: number; state: string } | null = null
  for (const entry of history) {
    const isRecord = entry.event.type.startsWith('cutter.') && entry.status === before?.status
    const decision: string | null = isRecord ? null : decisionIn(entry)
    if (before?.status === 'paused' && !isRecord) {
      if (decision !== null) decided = { approvalId: decision, seq: entry.seq, state: before.state }
      else if (!staysOrGivesUp(before, entry, outcome)) throw unapproved(entry, before.state)
    }
    // An upgrade voids the approval in hand: from there the run can only fall back to its gate.
    if (decided !== null && entry.event.type === UPGRADED)
      decided = { ...decided, approvalId: null, state: entry.state }
    const { approvalUsed: used } = entryMarks(entry)
    if (used !== undefined) {
      if (decided?.approvalId !== used) throw notBrought(used, entry)
      if (passages.some(({ approvalId }) => approvalId === used)) throw usedTwice(used, entry)
      passages.push({ approvalId: used, decidedSeq: decided.seq, usedSeq: entry.seq, state: decided.state })
      decided = null
    } else if (decided !== null && entry.status === 'paused' && entry.state === decided.state) {
      decided = null
    } else if (decided !== null && wentOn(decided.state, entry) && !gaveUp(entry, outcome)) {
      throw unapproved(entry, decided.state)
    }
    before = entry
  }
  return passages
}

function decisionIn({ event }: HistoryEntry): string | null {
  const { type, approvalId } = event
  return DECISIONS.includes(type) && typeof approvalId === 'string' ? approvalId : null
}

function staysOrGivesUp(before: HistoryEntry, entry: HistoryEntry, outcome: Outcome | null): boolean {
  return (entry.status === 'paused' && entry.state === before.state) || gaveUp(entry, outcome)
}

const gaveUp = ({ status }: HistoryEntry, outcome: Outcome | null) =>
  status === 'closed' && outcome !== 'succeeded'

/** A milestone may hold the work behind its gate as well: only leaving it, pausing or ending shows that the gate is passed. */
const wentOn = (state: string, entry: HistoryEntry) =>
  entry.state !== state || entry.status === 'paused' || entry.status === 'closed'

function unapproved({ seq, event }: HistoryEntry, state: string): UnapprovedPassageError {
  return new UnapprovedPassageError(
    `entry ${seq} (${event.type}) goes past the gate in ${state} with no approval used`,
  )
}

function usedTwice(approvalId: string, { seq }: HistoryEntry): UnapprovedPassageError {
  return new UnapprovedPassageError(
    `entry ${seq} goes past a gate under approval ${approvalId}, which was used up before`,
  )
}

function notBrought(approvalId: string, { seq }: HistoryEntry): UnapprovedPassageError {
  return new UnapprovedPassageError(
    `approval ${approvalId} is said to be used at entry ${seq}, to which no decision brought it`,
  )
}
