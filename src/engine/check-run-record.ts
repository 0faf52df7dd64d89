import { approvalIdOf } from '../approvals/statement.ts'
import type { Approval } from '../domain/approval.ts'
import type { HeadWitness } from '../domain/head-witness.ts'
import { findHistoryFault } from '../domain/history.ts'
import {
  ENGINE,
  entryMarks,
  findEvidenceNameFault,
  findUsedSeq,
  statusAfter,
} from '../domain/history-facts.ts'
import { digestOfBytes } from '../domain/json.ts'
import type { HistoryEntry, Run } from '../domain/run.ts'
import type { StoredRun } from '../store/run-store.ts'

/**
 * Whether what is kept of a run holds together, looked at before it is shown or moved. It asks nobody and loads nothing: no
 * chart, no ssh-keygen. The history vouches for itself by its chain, and by what its entries name for the columns people act
 * on, the evidence and the use of approvals. What no chain can tell, that the whole store is an older copy of itself, the
 * statements and the reports tell: they name an entry that it does not have.
 */

/** The first thing that does not hold in all that is kept of a run, as a sentence, or null. */
export function findRecordFault(record: StoredRun, lastSeen: HeadWitness | null): string | null {
  const { run, history } = record
  return (
    findHistoryFault(run, history) ??
    faultInNewest(run, history) ??
    faultInAdded(record) ??
    faultInLastSeen(history, lastSeen) ??
    faultInStanding(run, history) ??
    faultInEvidence(record) ??
    faultInApprovals(record)
  )
}

const OLDER = 'the store is an older copy, or was rewritten'

function faultInNewest(run: Run, history: HistoryEntry[]): string | null {
  const newest = history.at(-1)!
  return newest.seq === run.seq && newest.hash === run.head
    ? null
    : 'its row does not fit the newest entry of its history'
}

/** An entry that no other follows is not in the history; one by somebody would still make them an operator, or look so. */
function faultInAdded({ history, entriesByPeople }: StoredRun): string | null {
  return history.filter(({ by }) => by !== ENGINE).length === entriesByPeople
    ? null
    : 'the history table has entries that are not part of the hash chain'
}

function faultInLastSeen(history: HistoryEntry[], lastSeen: HeadWitness | null): string | null {
  if (lastSeen === null || history[lastSeen.seq - 1]?.hash === lastSeen.head) return null
  return `${OLDER}: the reports of this run were made at entry ${lastSeen.seq} with hash ${lastSeen.head}, which is not in its history`
}

/** What the statement of a used approval says of the history must be there: an approver has seen it. */
function faultInStatement({ statement, approvalId }: Approval, history: HistoryEntry[]): string | null {
  const { seq, historyHead } = statement
  if (history[seq - 1]?.hash === historyHead) return null
  return `${OLDER}: approval ${approvalId} names entry ${seq} with hash ${historyHead}, which is not in its history`
}

/** The columns that no digest covers, against what the entries say of themselves. */
function faultInStanding(run: Run, history: HistoryEntry[]): string | null {
  const due = statusAfter(history)
  for (const [field, what] of STANDING) {
    if (run[field] !== due[field]) return `its row says another ${what} than its history`
  }
  if (run.gateSeq === null) return null
  const { planDigest } = entryMarks(history[run.gateSeq - 1]!).arrival!
  return planDigest === run.planDigest ? null : 'its row says another plan than its history'
}

const STANDING = [
  ['status', 'status'],
  ['outcome', 'outcome'],
  ['gateSeq', 'arrival at its gate'],
  ['gateHead', 'arrival at its gate'],
  ['gate', 'gate'],
] as const

function faultInEvidence({ history, evidence, contents }: StoredRun): string | null {
  for (const { name, digest } of evidence) {
    const bytes = contents.get(digest)
    if (bytes === undefined) return `the evidence ${name} is gone`
    if (digestOfBytes(bytes) !== digest) return `the evidence ${name} was edited`
  }
  return findEvidenceNameFault(history, evidence)
}

function faultInApprovals({ run, history, approvals }: StoredRun): string | null {
  for (const approval of approvals) {
    const { approvalId, statement, statementText } = approval
    if (approvalIdOf(statementText) !== approvalId) return `approval ${approvalId} was edited`
    if (statement.runId !== run.runId)
      return `approval ${approvalId} lies here but is of run ${statement.runId}`
    // One that is not used vouches for nothing yet, so it can't spoil the run for others: the gate refuses it.
    if (approval.usedSeq === null) continue
    const fault = faultInStatement(approval, history) ?? faultInUse(approval, history)
    if (fault !== null) return fault
  }
  const marked = new Map(approvals.map(({ approvalId, usedSeq }) => [approvalId, usedSeq]))
  const missing = history.find((entry) => {
    const { approvalUsed } = entryMarks(entry)
    return approvalUsed !== undefined && marked.get(approvalUsed) !== entry.seq
  })
  if (missing === undefined) return null
  return `entry ${missing.seq} used approval ${entryMarks(missing).approvalUsed}, which is gone or not marked as used there`
}

/** A used approval is the one that its entry names, and vouched for as it was when it was brought. */
function faultInUse(approval: Approval, history: HistoryEntry[]): string | null {
  const { approvalId, usedSeq, usedAt } = approval
  const entry = history[usedSeq! - 1]
  if (findUsedSeq(history, approvalId) !== usedSeq || entry?.at !== usedAt)
    return `approval ${approvalId} is marked as used at entry ${usedSeq}, which did not use it then`
  const brought = history.slice(0, usedSeq!).findLast(({ event }) => event.approvalId === approvalId)
  if (brought === undefined) return `approval ${approvalId} was used without ever being brought`
  const { signatureDigest } = brought.event
  const now = approval.signature === null ? null : digestOfBytes(approval.signature)
  return signatureDigest === now
    ? null
    : `the signature of approval ${approvalId} is not the one that it was used with`
}
