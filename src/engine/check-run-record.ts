import { approvalIdOf } from '../approvals/statement.ts'
import type { Approval } from '../domain/approval.ts'
import type { HeadWitness } from '../domain/head-witness.ts'
import { findHistoryFault } from '../domain/history.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import {
  ENGINE,
  entryMarks,
  findEvidenceNameFault,
  findUsedSeq,
  statusAfter,
} from '../domain/history-facts.ts'
import { digestOfBytes } from '../domain/json.ts'
import { isLost, type LostEvidence } from '../domain/lost-evidence.ts'
import type { Run } from '../domain/run.ts'
import type { StoredRun } from '../store/run-store.ts'

/**
 * Finds the first fault in the record of a run, as a sentence. Null when the record holds. Every load of a run checks this, so the check
 * needs no chart and no ssh-keygen. The history is proven by its hash chain. The entries name the facts of the columns, the evidence and
 * the use of approvals. A chain cannot prove that the store is not an older copy of itself. The statements and the reports can, because they
 * name an entry that an older copy lacks.
 * @param options `checked`: the number of entries whose hashes and evidence this process has checked before; `lost`: evidence that may be missing
 */
export function findRecordFault(
  record: StoredRun,
  lastSeen: HeadWitness | null,
  { checked = 0, lost = [] }: { checked?: number; lost?: LostEvidence[] } = {},
): string | null {
  const { run, history } = record
  return (
    findHistoryFault(run, history, checked) ??
    findNewestEntryFault(run, history) ??
    findAddedEntryFault(record) ??
    findReportFault(history, lastSeen) ??
    findColumnFault(run, history) ??
    findEvidenceFault(record, checked, lost) ??
    findApprovalFault(record)
  )
}

const OLDER = 'the store is an older copy, or was rewritten'

function findNewestEntryFault(run: Run, history: HistoryEntry[]): string | null {
  const newest = history.at(-1)!
  return newest.seq === run.seq && newest.hash === run.head
    ? null
    : 'its row does not match the newest entry of its history'
}

/** An entry outside of the chain is not in the history, but it could still make somebody seem to be an operator. */
function findAddedEntryFault({ history, entriesByPeople }: StoredRun): string | null {
  return history.filter(({ by }) => by !== ENGINE).length === entriesByPeople
    ? null
    : 'the history table has entries that are not part of the hash chain'
}

function findReportFault(history: HistoryEntry[], lastSeen: HeadWitness | null): string | null {
  if (lastSeen === null || history[lastSeen.seq - 1]?.hash === lastSeen.head) return null
  return `${OLDER}: var/runs names its entry ${lastSeen.seq} with hash ${lastSeen.head}, which is not in its history`
}

/** The history must have the entry that the statement of a used approval names, because the approver saw it. */
function findStatementFault({ statement, approvalId }: Approval, history: HistoryEntry[]): string | null {
  const { seq, historyHead } = statement
  if (history[seq - 1]?.hash === historyHead) return null
  return `${OLDER}: approval ${approvalId} names entry ${seq} with hash ${historyHead}, which is not in its history`
}

/** Compares the columns that no digest covers with the facts in the entries. */
function findColumnFault(run: Run, history: HistoryEntry[]): string | null {
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

/** An abandonment lists lost evidence, which is no fault of the record then. */
function findEvidenceFault(
  { history, evidence, contents }: StoredRun,
  checked: number,
  lost: LostEvidence[],
): string | null {
  for (const { seq, name, digest } of evidence) {
    if (seq <= checked || isLost(lost, { seq, name })) continue
    const bytes = contents.get(digest)
    if (bytes === undefined) return `the evidence ${name} is missing`
    if (digestOfBytes(bytes) !== digest) return `the evidence ${name} was edited`
  }
  return findEvidenceNameFault(history, [...evidence, ...lost])
}

function findApprovalFault({ run, history, approvals }: StoredRun): string | null {
  for (const approval of approvals) {
    const { approvalId, statement, statementText } = approval
    if (approvalIdOf(statementText) !== approvalId) return `approval ${approvalId} was edited`
    if (statement.runId !== run.runId)
      return `approval ${approvalId} is stored here but is of run ${statement.runId}`
    // An approval that is not used proves nothing yet, so it cannot damage the run. The gate refuses it.
    if (approval.usedSeq === null) continue
    const fault = findStatementFault(approval, history) ?? findUseFault(approval, history)
    if (fault !== null) return fault
  }
  const marked = new Map(approvals.map(({ approvalId, usedSeq }) => [approvalId, usedSeq]))
  const missing = history.find((entry) => {
    const { approvalUsed } = entryMarks(entry)
    return approvalUsed !== undefined && marked.get(approvalUsed) !== entry.seq
  })
  if (missing === undefined) return null
  return `entry ${missing.seq} used approval ${entryMarks(missing).approvalUsed}, which is missing or not marked as used there`
}

/** Compares a used approval with the entry that names it, and its signature with the one that was recorded when it was applied. */
function findUseFault(approval: Approval, history: HistoryEntry[]): string | null {
  const { approvalId, usedSeq, usedAt } = approval
  const entry = history[usedSeq! - 1]
  if (findUsedSeq(history, approvalId) !== usedSeq || entry?.at !== usedAt)
    return `approval ${approvalId} is marked as used at entry ${usedSeq}, which did not use it then`
  const applied = history.slice(0, usedSeq!).findLast(({ event }) => event.approvalId === approvalId)
  if (applied === undefined) return `approval ${approvalId} was used but never applied`
  const { signatureDigest } = applied.event
  const now = approval.signature === null ? null : digestOfBytes(approval.signature)
  return signatureDigest === now
    ? null
    : `the signature of approval ${approvalId} is not the one that it was used with`
}
