import { parseStatement } from '../approvals/statement.ts'
import type { Approval, Statement } from '../domain/approval.ts'
import { type Definition, UPGRADED } from '../domain/history.ts'
import type { NamedEvidence } from '../domain/history-facts.ts'
import { type HistoryEntry, identityOf, type RunIdentity } from '../domain/run.ts'
import { type GatePassage, readGatePassages, UnapprovedPassageError } from './gate-passages.ts'
import type { RunFacts } from './run-facts.ts'
import type { Files } from './tar.ts'

/** Everything that a run leaves as evidence: what a bundle is written from, and what a bundle is read back into. */
export interface RunRecord {
  /** The facts that the first entry was made with; its `previousHash` is their digest. */
  genesis: RunIdentity
  run: RunFacts
  history: HistoryEntry[]
  /** The final snapshot, as stored. */
  snapshot: string
  /** All that the entries name. */
  evidence: NamedEvidence[]
  /** By digest. */
  bytes: Map<string, Uint8Array>
  /** Those that the history names, in the order of their ids. */
  approvals: RecordedApproval[]
  closeout: SignedCloseout | null
  /** Writes that were started and of which the run does not know whether they were done. Format 2 lists them. */
  unsettledWrites: UnsettledWrite[]
  /** By path: files in addition to those that follow from the record (src/bundle/optional-parts.ts). */
  optionalParts: Files
}

/** A write of which a closed run knows only that it was started. */
export interface UnsettledWrite {
  /** The name of its effect. */
  phase: string
  /** The entry that asked for it. */
  seq: number
  attempt: number
  /** ISO 8601 in UTC. */
  startedAt: string
  /** What is known of it, as a sentence. */
  known: string
}

export type RecordedApproval = { approvalId: string; statementText: string } & (
  | { kind: 'signed'; signature: string }
  | { kind: 'rehearsal'; signature: null }
)

export interface SignedCloseout {
  /** The exact bytes that were signed, as text. */
  text: string
  instance: { signer: string; publicKey: string; signature: string; at: string }
  /** Each with the exact bytes that were signed, in the order of the signers. */
  countersigned: { text: string; signer: string; signature: string; at: string }[]
}

export const recordedApproval = (approval: Approval): RecordedApproval => {
  const { approvalId, statementText } = approval
  return approval.kind === 'signed'
    ? { approvalId, statementText, kind: 'signed', signature: approval.signature }
    : { approvalId, statementText, kind: 'rehearsal', signature: null }
}

/** Ids of approvals anywhere in an event: the one that was brought, others counted beside it, those that were refused. */
export function findNamedApprovals(event: unknown): string[] {
  if (typeof event === 'string') return /^ap-[0-9a-f]{32}$/.test(event) ? [event] : []
  if (event === null || typeof event !== 'object') return []
  return Object.values(event).flatMap(findNamedApprovals)
}

export function gatePassages({ history, run }: RunRecord): GatePassage[] {
  return readGatePassages(history, run.outcome)
}

/** The first gate that the run went past without an approval, as a sentence, or null: then `passagesIn` can be asked. */
export function findPassageFault(record: RunRecord): string | null {
  try {
    gatePassages(record)
    return null
  } catch (error) {
    if (error instanceof UnapprovedPassageError) return error.message
    throw error
  }
}

/** Under which a run passed its gates: each approval that was used, and those counted beside it where several must approve. */
export function decisiveApprovals(record: RunRecord): RecordedApproval[] {
  const decisive = new Set(gatePassages(record).flatMap((passage) => countedApprovals(record, passage)))
  return record.approvals.filter((approval) => decisive.has(approval))
}

/** The approval that was brought, and those that its decision's entry names for the same decision on the same arrival. */
export function countedApprovals(
  { history, approvals }: RunRecord,
  { approvalId, decidedSeq }: GatePassage,
): RecordedApproval[] {
  const brought = approvals.find((approval) => approval.approvalId === approvalId)
  if (brought === undefined) return []
  const named = findNamedApprovals(history[decidedSeq - 1]!.event)
  const subject = subjectOf(brought)
  return approvals.filter(
    (approval) =>
      approval === brought ||
      (named.includes(approval.approvalId) &&
        approval.kind === brought.kind &&
        subjectOf(approval) === subject),
  )
}

function subjectOf({ statementText }: RecordedApproval): string {
  const { runId, gate, seq, historyHead, planDigest, decision }: Statement = parseStatement(statementText)
  return JSON.stringify([runId, gate, seq, historyHead, planDigest, decision])
}

/**
 * A run's unchanging facts as they were at its start. An upgrade of its machine changes version and definition later, and its
 * entry says from what.
 */
export function genesisFacts(run: RunIdentity, history: HistoryEntry[]): RunIdentity {
  const upgraded = history.find(({ event }) => event.type === UPGRADED)?.event.from
  const { version, definitionDigest } = (upgraded ?? run) as unknown as Definition
  return { ...identityOf(run), version, definitionDigest }
}
