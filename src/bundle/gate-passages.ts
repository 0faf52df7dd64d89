import { UPGRADED } from '../domain/history.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks } from '../domain/history-facts.ts'
import { type Outcome, RUN_ABANDONED } from '../domain/run.ts'
import { nameInLine } from '../domain/visible.ts'

/**
 * How a run passed its gates, read from the history alone, so that anybody can check it without a chart. An entry with the status
 * `paused` waits at a gate. Only a decision that names an approval leads away from it. The run then checks the world, and either
 * returns to the gate or uses the approval.
 */
export interface GatePassage {
  approvalId: string
  /** `seq` of the decision that names the approval, and of the entry that used it. */
  decidedSeq: number
  usedSeq: number
  /** The milestone at which the gate is. */
  state: string
}

const DECISIONS = ['APPROVE', 'REJECT', 'VOID']

/** The message names the entry that passed a gate without an approval, or used an approval that no decision names. */
export class UnapprovedPassageError extends Error {}

/**
 * The gates that a run passed, in their order.
 *
 * @throws UnapprovedPassageError at the first gate that the run passed without an approval.
 */
export function readGatePassages(history: HistoryEntry[], outcome: Outcome | null): GatePassage[] {
  const passages: GatePassage[] = []
  let before: HistoryEntry | null = null
  let decided: { approvalId: string | null; seq: number; state: string } | null = null
  for (const entry of history) {
    if (entry.event.type === RUN_ABANDONED) {
      passages.push(abandonmentIn(entry, passages))
      return passages
    }
    const isRecord = entry.event.type.startsWith('cutter.') && entry.status === before?.status
    const decision: string | null = isRecord ? null : decisionIn(entry)
    if (before?.status === 'paused' && !isRecord) {
      if (decision !== null) decided = { approvalId: decision, seq: entry.seq, state: before.state }
      else if (!staysOrFails(before, entry, outcome)) throw unapprovedError(entry, before.state)
    }
    // An upgrade ends the pending decision: from there the run can only return to its gate.
    if (decided !== null && entry.event.type === UPGRADED)
      decided = { ...decided, approvalId: null, state: entry.state }
    const { approvalUsed: used } = entryMarks(entry)
    if (used !== undefined) {
      if (decided?.approvalId !== used) throw notDecidedError(used, entry)
      if (passages.some(({ approvalId }) => approvalId === used)) throw usedTwiceError(used, entry)
      passages.push({ approvalId: used, decidedSeq: decided.seq, usedSeq: entry.seq, state: decided.state })
      decided = null
    } else if (decided !== null && entry.status === 'paused' && entry.state === decided.state) {
      decided = null
    } else if (decided !== null && leftGate(decided.state, entry) && !failed(entry, outcome)) {
      throw unapprovedError(entry, decided.state)
    }
    before = entry
  }
  return passages
}

/** An abandonment decides and uses its approval in one entry, wherever the run is, and ends the run. */
function abandonmentIn(entry: HistoryEntry, passages: GatePassage[]): GatePassage {
  const { approvalUsed: used = '' } = entryMarks(entry)
  if (entry.event.approvalId !== used) throw notDecidedError(used, entry)
  if (passages.some(({ approvalId }) => approvalId === used)) throw usedTwiceError(used, entry)
  return { approvalId: used, decidedSeq: entry.seq, usedSeq: entry.seq, state: entry.state }
}

function decisionIn({ event }: HistoryEntry): string | null {
  const { type, approvalId } = event
  return DECISIONS.includes(type) && typeof approvalId === 'string' ? approvalId : null
}

function staysOrFails(before: HistoryEntry, entry: HistoryEntry, outcome: Outcome | null): boolean {
  return (entry.status === 'paused' && entry.state === before.state) || failed(entry, outcome)
}

const failed = ({ status }: HistoryEntry, outcome: Outcome | null) =>
  status === 'closed' && outcome !== 'succeeded'

/** A milestone may include the work after its gate: only leaving it, pausing or closing shows that the run passed the gate. */
const leftGate = (state: string, entry: HistoryEntry) =>
  entry.state !== state || entry.status === 'paused' || entry.status === 'closed'

function unapprovedError({ seq, event }: HistoryEntry, state: string): UnapprovedPassageError {
  return new UnapprovedPassageError(
    `entry ${seq} (${nameInLine(event.type)}) passes the gate in ${nameInLine(state)} without a used approval`,
  )
}

function usedTwiceError(approvalId: string, { seq }: HistoryEntry): UnapprovedPassageError {
  return new UnapprovedPassageError(
    `entry ${seq} passes a gate under approval ${nameInLine(approvalId)}, which was used before`,
  )
}

function notDecidedError(approvalId: string, { seq }: HistoryEntry): UnapprovedPassageError {
  return new UnapprovedPassageError(
    `entry ${seq} uses approval ${nameInLine(approvalId)}, which no decision before it names`,
  )
}
