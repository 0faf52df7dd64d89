import { readSecurityKeyUse } from '../approvals/openssh/security-key.ts'
import { findSigningKey } from '../approvals/openssh/verify-signature.ts'
import { SKEW_MINUTES } from '../approvals/rules/validity.ts'
import { approvalIdOf, namespaceOf, parseStatement } from '../approvals/statement.ts'
import { ABANDON_GATE, type Statement } from '../domain/approval.ts'
import { CutterError } from '../domain/errors.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks, findUsedSeq } from '../domain/history-facts.ts'
import { RUN_ABANDONED } from '../domain/run.ts'
import { nameInLine } from '../domain/visible.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { pathOfSignature, pathOfStatement } from './bundle-paths.ts'
import { findPolicyFault } from './check-policy.ts'
import { isPlanAt } from './check-record.ts'
import type { CheckedApproval } from './checked-approval.ts'
import { type CheckerTrust, findDistrust } from './checker-trust.ts'
import type { GatePassage } from './gate-passages.ts'
import { definitionAfter } from './run-facts.ts'
import {
  countedApprovals,
  findNamedApprovals,
  findPassageFault,
  gatePassages,
  type RecordedApproval,
  type RunRecord,
} from './run-record.ts'

type ApprovalsChecked = { fault: BundleFault } | { fault: null; approvals: CheckedApproval[] }

/**
 * Checks each approval on its own, then that each gate was passed under approvals and by the policy of that time. Without the checker's
 * own file of signers no approval is trusted.
 *
 * @throws TOOL_MISSING when there is a signature to check and no ssh-keygen.
 */
export async function checkApprovals(record: RunRecord, trust: CheckerTrust): Promise<ApprovalsChecked> {
  const read = readStatements(record)
  if ('code' in read) return { fault: read }
  const unapproved = findPassageFault(record)
  if (unapproved !== null) return { fault: bundleFault('GATE_UNAPPROVED', 'history.jsonl', unapproved) }
  const passages = gatePassages(record)
  const gone = passages.find(({ approvalId }) => !read.has(approvalId))
  if (gone !== undefined) {
    const why = `approval ${gone.approvalId}, which entry ${gone.usedSeq} used, is missing`
    return { fault: bundleFault('GATE_UNAPPROVED', pathOfStatement(gone.approvalId), why) }
  }

  const checked: CheckedApproval[] = []
  for (const approval of record.approvals) {
    const statement = read.get(approval.approvalId)!
    const passage = passages.find((one) => countedApprovals(record, one).includes(approval)) ?? null
    const wrong = passage === null ? null : findUseFault(record, approval, statement, passage)
    if (wrong !== null) return { fault: wrong }
    const signed = await checkSignature(record, approval, statement, passage, trust)
    if ('code' in signed) return { fault: signed }
    checked.push(signed)
  }
  const unmet = findPolicyFault(record, passages, checked)
  return unmet === null ? { fault: null, approvals: checked } : { fault: unmet }
}

function readStatements(record: RunRecord): Map<string, Statement> | BundleFault {
  const named = new Set(record.history.flatMap(({ event }) => findNamedApprovals(event)))
  const statements = new Map<string, Statement>()
  for (const { approvalId, statementText } of record.approvals) {
    const file = pathOfStatement(approvalId)
    if (approvalIdOf(statementText) !== approvalId)
      return bundleFault('APPROVAL_EDITED', file, `${file} is not the statement of its approval id`)
    if (!named.has(approvalId))
      return bundleFault('APPROVAL_UNNAMED', file, `no history entry names approval ${approvalId}`)
    try {
      statements.set(approvalId, parseStatement(statementText))
    } catch (error) {
      if (!(error instanceof CutterError)) throw error
      return bundleFault('APPROVAL_EDITED', file, error.message)
    }
  }
  return statements
}

/** An approval that counted must be for this run, for the arrival at which the decision was made, and for the plan of that time. */
function findUseFault(
  record: RunRecord,
  { approvalId, kind }: RecordedApproval,
  statement: Statement,
  { decidedSeq, state }: GatePassage,
): BundleFault | null {
  const { genesis, history } = record
  const file = pathOfStatement(approvalId)
  const elsewhere = (why: string) => bundleFault('APPROVAL_ELSEWHERE', file, `approval ${approvalId} ${why}`)
  if (statement.runId !== genesis.runId) return elsewhere(`is for run ${nameInLine(statement.runId)}`)
  if (statement.machine !== genesis.machine)
    return elsewhere(`is for machine ${nameInLine(statement.machine)}`)
  const { version } = definitionAfter(history.slice(0, statement.seq), genesis)
  if (statement.version !== version)
    return elsewhere(`is for version ${nameInLine(statement.version)} of the machine`)

  const arrival = history[statement.seq - 1]
  if (arrival === undefined || statement.seq >= decidedSeq || arrival.hash !== statement.historyHead)
    return elsewhere(`names another history: entry ${statement.seq} has another hash`)
  const decided = history[decidedSeq - 1]!
  const misplaced =
    decided.event.type === RUN_ABANDONED
      ? findMisplacedAbandonment(record, statement, decidedSeq)
      : findMisplacedDecision(record, statement, { arrival, decided, state })
  if (misplaced !== null) return elsewhere(misplaced)
  if (genesis.mode === 'live' && kind === 'rehearsal')
    return bundleFault(
      'REHEARSAL_IN_LIVE',
      file,
      `the live run passed a gate under the rehearsal approval ${approvalId}`,
    )
  return findTimeFault(approvalId, statement, decided.at)
}

/** Why an approval is not for the gate at which the decision was made, as the end of a sentence. */
function findMisplacedDecision(
  record: RunRecord,
  statement: Statement,
  { arrival, decided, state }: { arrival: HistoryEntry; decided: HistoryEntry; state: string },
): string | null {
  const isOtherWaiting = gatePassages(record).some(
    ({ usedSeq }) => usedSeq > statement.seq && usedSeq < decided.seq,
  )
  const { arrival: mark } = entryMarks(arrival)
  const later = record.history
    .slice(statement.seq, decided.seq - 1)
    .find((entry) => entryMarks(entry).arrival)
  if (later !== undefined)
    return `names entry ${statement.seq}, but the run came to its gate again in entry ${later.seq}`
  if (mark !== undefined && mark.gate !== statement.gate)
    return `is for gate ${nameInLine(statement.gate)}, but entry ${statement.seq} arrived at ${nameInLine(mark.gate)}`
  if (arrival.status !== 'paused' || arrival.state !== state || isOtherWaiting)
    return `names entry ${statement.seq}, which is not the arrival at the gate in ${nameInLine(state)}`
  if (!isPlanAt(record, statement.planDigest, statement.gate, statement.seq))
    return `is for the plan ${statement.planDigest}, which is not the plan that the run had then`
  return decided.event.type === statement.decision.toUpperCase()
    ? null
    : `decides ${statement.decision}, but entry ${decided.seq} is ${decided.event.type}`
}

/** Why an approval is not for the abandonment of an entry: its decision, its list of writes, or what the run did after the named entry. */
function findMisplacedAbandonment(
  { history, evidence }: RunRecord,
  { gate, decision, planDigest, seq }: Statement,
  abandonedSeq: number,
): string | null {
  if (gate !== ABANDON_GATE || decision !== 'abandon')
    return `decides ${decision} at gate ${nameInLine(gate)}, but entry ${abandonedSeq} abandons the run`
  const moved = history.slice(seq, abandonedSeq - 1).find(({ event }) => !isRefusedAttempt(event))
  if (moved !== undefined) return `names entry ${seq}, but the run moved in entry ${moved.seq}`
  const list = evidence.find((row) => row.seq === abandonedSeq && row.name === `plan/${ABANDON_GATE}`)
  if (list?.digest === planDigest) return null
  return `is for the list ${planDigest} of unsettled writes, which is not the one of entry ${abandonedSeq}`
}

const isRefusedAttempt = ({ type }: HistoryEntry['event']) => type.startsWith('cutter.approval')

/** Allows the skew that the engine allows, because the engine read the clock shortly before it made the entry. */
function findTimeFault(
  approvalId: string,
  { issuedAt, expiresAt }: Statement,
  decidedAt: string,
): BundleFault | null {
  const skew = SKEW_MINUTES * 60_000
  const at = Date.parse(decidedAt)
  if (Date.parse(issuedAt) <= at + skew && at < Date.parse(expiresAt) + skew) return null
  const message = `approval ${approvalId} was valid from ${issuedAt} to ${expiresAt}, but the decision was made at ${decidedAt}`
  return bundleFault('APPROVAL_EXPIRED', pathOfStatement(approvalId), message)
}

async function checkSignature(
  { genesis, history }: RunRecord,
  approval: RecordedApproval,
  statement: Statement,
  passage: GatePassage | null,
  trust: CheckerTrust,
): Promise<CheckedApproval | BundleFault> {
  const { approvalId } = approval
  const { gate, approver, machine } = statement
  const at = passage === null ? null : history[passage.usedSeq - 1]!.at
  const checked = factsOf(approval, statement, findUsedSeq(history, approvalId), at)
  if (approval.kind === 'rehearsal') return { ...checked, fingerprint: null, origin: null, trusted: false }

  const namespace = namespaceOf(machine, gate)
  const signed = { text: approval.statementText, signature: approval.signature, namespace }
  const file = pathOfSignature(pathOfStatement(approvalId))
  const key = await findSigningKey(signed)
  if (key === null)
    return bundleFault(
      'SIGNATURE_INVALID',
      file,
      `${file} is not a valid signature of its statement for ${namespace}`,
    )
  if (
    passage?.approvalId === approvalId &&
    namesOtherKey(history[passage.decidedSeq - 1]!.event, key.fingerprint)
  )
    return bundleFault('SIGNATURE_INVALID', file, `${file} was made with another key than the history names`)
  const signer = { fingerprint: key.fingerprint, origin: originOf(approval.signature) }
  if (at === null) return { ...checked, ...signer, trusted: false }
  const distrust = await findDistrust({ ...signed, principal: approver, at: new Date(at) }, trust)
  const code = distrust?.code ?? null
  if (code !== null && genesis.mode === 'live')
    return bundleFault(code, file, `approval ${approvalId}, used at ${at}: ${distrust!.detail}`)
  return { ...checked, ...signer, trusted: distrust === null }
}

function originOf(signature: string): string | null {
  const use = readSecurityKeyUse(signature)
  return use === null || use === 'unreadable' ? null : (use.page?.origin ?? null)
}

function factsOf(
  { approvalId, kind }: RecordedApproval,
  { gate, decision, approver, planDigest, issuedAt, seq }: Statement,
  usedSeq: number | null,
  usedAt: string | null,
): Omit<CheckedApproval, 'fingerprint' | 'origin' | 'trusted'> {
  return {
    approvalId,
    kind,
    gate,
    decision,
    approver,
    planDigest,
    issuedAt,
    seq,
    usedSeq,
    counted: usedAt !== null,
    usedAt,
  }
}

function namesOtherKey({ vouched }: { [key: string]: unknown }, fingerprint: string): boolean {
  const named = (vouched as { fingerprint?: unknown } | null | undefined)?.fingerprint
  return named !== undefined && named !== fingerprint
}
