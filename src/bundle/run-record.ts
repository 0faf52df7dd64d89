import type { KeyRotation } from '../approvals/key-rotations.ts'
import { readPageOrigin } from '../approvals/openssh/security-key.ts'
import { parseStatement } from '../approvals/statement.ts'
import type { Approval, Statement } from '../domain/approval.ts'
import type { UnsettledWrite } from '../domain/begun-writes.ts'
import { type Definition, UPGRADED } from '../domain/history.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { NamedEvidence } from '../domain/history-facts.ts'
import { identityOf, type RunIdentity } from '../domain/run.ts'
import { type GatePassage, readGatePassages, UnapprovedPassageError } from './gate-passages.ts'
import type { RunFacts } from './run-facts.ts'
import type { Files } from './tar.ts'

/** Everything that a run leaves as evidence. A bundle is written from a record, and read into one. */
export interface RunRecord {
  /** The facts of the run at its start. Their digest is the `previousHash` of the first entry. */
  genesis: RunIdentity
  run: RunFacts
  history: HistoryEntry[]
  /** The final snapshot, as stored. */
  snapshot: string
  /** All evidence that the entries name. */
  evidence: NamedEvidence[]
  /** The bytes of the evidence, by digest. */
  bytes: Map<string, Uint8Array>
  /** The approvals that the history names, in the order of their ids. */
  approvals: RecordedApproval[]
  closeout: SignedCloseout | null
  /** Writes that were started and of which an abandoned run does not know whether they were committed. From format 2 on. */
  unsettledWrites: UnsettledWrite[]
  /** The wording of its VERIFY.md. Format 1 has its own. */
  instructions: Wording
  /** By path: files in addition to those that follow from the record (src/bundle/optional-parts.ts). */
  optionalParts: Files
}

/** Makes the page about a run of its record alone, so that a checker makes the same page. */
export type RenderPage = (record: RunRecord) => Promise<string>

/** The wordings of VERIFY.md, as `run.json` numbers them. A changed text gets the next number, and the earlier ones stay readable. */
export const WORDINGS = [1, 2] as const
export type Wording = (typeof WORDINGS)[number]

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
  /** The rotations that lead to the key of the instance. Left out: it is its first key. From format 3 on. */
  rotations?: KeyRotation[]
}

/** The part of a stored approval that an evidence bundle carries. It omits the times at which the store imported and used the approval. */
export const recordedApproval = (approval: Approval): RecordedApproval => {
  const { approvalId, statementText } = approval
  return approval.kind === 'signed'
    ? { approvalId, statementText, kind: 'signed', signature: approval.signature }
    : { approvalId, statementText, kind: 'rehearsal', signature: null }
}

/** The ids of approvals anywhere in an event: the used one, others that count with it, and refused ones. */
export function findNamedApprovals(event: unknown): string[] {
  if (typeof event === 'string') return /^ap-[0-9a-f]{32}$/.test(event) ? [event] : []
  if (event === null || typeof event !== 'object') return []
  return Object.values(event).flatMap(findNamedApprovals)
}

/**
 * How the run passed each of its gates, in the order of the entries, with the approval that each passage used.
 * @throws UnapprovedPassageError when the run left a gate without an approval
 */
export function gatePassages({ history, run }: Pick<RunRecord, 'history' | 'run'>): GatePassage[] {
  return readGatePassages(history, run.outcome)
}

/** The first gate that the run passed without an approval, as a sentence; null when `gatePassages` does not throw. */
export function findPassageFault(record: Pick<RunRecord, 'history' | 'run'>): string | null {
  try {
    gatePassages(record)
    return null
  } catch (error) {
    if (error instanceof UnapprovedPassageError) return error.message
    throw error
  }
}

/** The used approval, and those that the decision's entry names for the same decision on the same arrival. */
export function countedApprovals(
  { history, approvals }: Pick<RunRecord, 'history' | 'approvals'>,
  { approvalId, decidedSeq }: GatePassage,
): RecordedApproval[] {
  const used = approvals.find((approval) => approval.approvalId === approvalId)
  if (used === undefined) return []
  const named = findNamedApprovals(history[decidedSeq - 1]!.event)
  const subject = subjectOf(used)
  return approvals.filter(
    (approval) =>
      approval === used ||
      (named.includes(approval.approvalId) && approval.kind === used.kind && subjectOf(approval) === subject),
  )
}

/**
 * The wording that a record asks for: 2 when a signature that counts was made on a web page, else 1. Verifiers of earlier versions know only 1,
 * and earlier versions also wrote 1 for such signatures.
 */
export function wordingFor(record: Omit<RunRecord, 'instructions'>): Wording {
  const counted = gatePassages(record).flatMap((passage) => countedApprovals(record, passage))
  return counted.some(({ signature }) => signature !== null && readPageOrigin(signature) !== null) ? 2 : 1
}

function subjectOf({ statementText }: RecordedApproval): string {
  const { runId, gate, seq, historyHead, planDigest, decision }: Statement = parseStatement(statementText)
  return JSON.stringify([runId, gate, seq, historyHead, planDigest, decision])
}

/** The facts of a run at its start. An upgrade changes version and definition later; its entry names the earlier ones. */
export function genesisFacts(run: RunIdentity, history: HistoryEntry[]): RunIdentity {
  const upgraded = history.find(({ event }) => event.type === UPGRADED)?.event.from
  const { version, definitionDigest } = (upgraded ?? run) as unknown as Definition
  return { ...identityOf(run), version, definitionDigest }
}

/**
 * The number of the format that a record is written in: 4 with a statement that abandons the run, 3 with rotations of the instance's key, else
 * 2. Earlier verifiers know neither, and refuse these formats by their number.
 */
export function formatOf({ closeout, approvals }: RunRecord): 2 | 3 | 4 {
  // No text of a statement can hold this, because quotes in a text are escaped. The statement may be forged, and is parsed later.
  if (approvals.some(({ statementText }) => statementText.includes('"decision":"abandon"'))) return 4
  return closeout?.rotations === undefined || closeout.rotations.length === 0 ? 2 : 3
}
