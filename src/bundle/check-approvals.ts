import { findSigningKey, verifySignature } from '../approvals/openssh/verify-signature.ts'
import { describeSignatureFault } from '../approvals/rules/signature-refusals.ts'
import { SKEW_MINUTES } from '../approvals/rules/validity.ts'
import { approvalIdOf, namespaceOf, parseStatement } from '../approvals/statement.ts'
import type { Decision, Statement } from '../domain/approval.ts'
import { CutterError } from '../domain/errors.ts'
import { findUsedSeq } from '../domain/history-facts.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { pathOfSignature, pathOfStatement } from './bundle-paths.ts'
import { findPolicyFault } from './check-policy.ts'
import { isPlanAt } from './check-record.ts'
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

/** An approval of a bundle as a checker found it. */
export interface CheckedApproval {
  approvalId: string
  kind: 'signed' | 'rehearsal'
  gate: string
  decision: Decision
  approver: string
  planDigest: string
  issuedAt: string
  /** `seq` of the entry that it names as the arrival; its signature vouches for the entries up to there. */
  seq: number
  /** Whether the run went on under it: as the one that was used up, or counted beside that one. */
  counted: boolean
  usedSeq: number | null
  usedAt: string | null
  fingerprint: string | null
  /** Whether the checker's own file of signers vouches for it, as of the time of its use. */
  trusted: boolean
}

export type ApprovalsChecked = { fault: BundleFault } | { fault: null; approvals: CheckedApproval[] }

/** Every approval by itself, then that each gate was passed under one; with the checker's signers, whether they vouch for it. */
export async function checkApprovals(
  record: RunRecord,
  signersFile: string | null,
): Promise<ApprovalsChecked> {
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
    const wrong = passage === null ? null : faultInUse(record, approval, statement, passage)
    if (wrong !== null) return { fault: wrong }
    const signed = await checkSignature(record, approval, statement, passage, signersFile)
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
      return bundleFault('APPROVAL_EDITED', file, `${file} is not the statement that its id stands for`)
    if (!named.has(approvalId))
      return bundleFault('APPROVAL_UNNAMED', file, `the history knows nothing of approval ${approvalId}`)
    try {
      statements.set(approvalId, parseStatement(statementText))
    } catch (error) {
      if (!(error instanceof CutterError)) throw error
      return bundleFault('APPROVAL_EDITED', file, error.message)
    }
  }
  return statements
}

/** An approval that counted must be for this run, for the arrival at which it was brought, and for the plan of that time. */
function faultInUse(
  record: RunRecord,
  { approvalId, kind }: RecordedApproval,
  statement: Statement,
  { decidedSeq, state }: GatePassage,
): BundleFault | null {
  const { genesis, history } = record
  const file = pathOfStatement(approvalId)
  const elsewhere = (why: string) => bundleFault('APPROVAL_ELSEWHERE', file, `approval ${approvalId} ${why}`)
  if (statement.runId !== genesis.runId) return elsewhere(`is for run ${statement.runId}`)
  if (statement.machine !== genesis.machine) return elsewhere(`is for machine ${statement.machine}`)
  const { version } = definitionAfter(history.slice(0, statement.seq), genesis)
  if (statement.version !== version) return elsewhere(`is for version ${statement.version} of the machine`)

  const arrival = history[statement.seq - 1]
  if (arrival === undefined || statement.seq >= decidedSeq || arrival.hash !== statement.historyHead)
    return elsewhere(`names a history whose entry ${statement.seq} is another one`)
  const isOtherWaiting = gatePassages(record).some(
    ({ usedSeq }) => usedSeq > statement.seq && usedSeq < decidedSeq,
  )
  if (arrival.status !== 'paused' || arrival.state !== state || isOtherWaiting)
    return elsewhere(`names entry ${statement.seq}, which is not the arrival at the gate in ${state}`)
  if (!isPlanAt(record, statement.planDigest, statement.gate, statement.seq))
    return elsewhere(`is for the plan ${statement.planDigest}, which is not the one that the run had then`)

  const decided = history[decidedSeq - 1]!
  if (decided.event.type !== statement.decision.toUpperCase())
    return elsewhere(`says ${statement.decision}, but entry ${decidedSeq} is ${decided.event.type}`)
  if (genesis.mode === 'live' && kind === 'rehearsal')
    return bundleFault('REHEARSAL_IN_LIVE', file, `the live run went on under the rehearsal ${approvalId}`)
  return faultInTimes(approvalId, statement, decided.at)
}

/** With the skew that the engine grants: it looked at the clock a moment before the entry was made. */
function faultInTimes(
  approvalId: string,
  { issuedAt, expiresAt }: Statement,
  decidedAt: string,
): BundleFault | null {
  const skew = SKEW_MINUTES * 60_000
  const at = Date.parse(decidedAt)
  if (Date.parse(issuedAt) <= at + skew && at < Date.parse(expiresAt) + skew) return null
  const message = `approval ${approvalId} counted from ${issuedAt} to ${expiresAt}, but was brought at ${decidedAt}`
  return bundleFault('APPROVAL_EXPIRED', pathOfStatement(approvalId), message)
}

async function checkSignature(
  { genesis, history }: RunRecord,
  approval: RecordedApproval,
  statement: Statement,
  passage: GatePassage | null,
  signersFile: string | null,
): Promise<CheckedApproval | BundleFault> {
  const { approvalId, kind } = approval
  const usedSeq = findUsedSeq(history, approvalId)
  const { gate, decision, approver, planDigest, issuedAt, seq, machine } = statement
  const at = passage === null ? null : history[passage.usedSeq - 1]!.at
  const checked = {
    ...{ approvalId, kind, gate, decision, approver, planDigest, issuedAt, seq, usedSeq },
    ...{ counted: passage !== null, usedAt: at },
  }
  if (approval.kind === 'rehearsal') return { ...checked, fingerprint: null, trusted: false }

  const namespace = namespaceOf(machine, gate)
  const signed = { text: approval.statementText, signature: approval.signature, namespace }
  const file = pathOfSignature(pathOfStatement(approvalId))
  const key = await findSigningKey(signed)
  if (key === null)
    return bundleFault('SIGNATURE_INVALID', file, `${file} is no signature of its statement for ${namespace}`)
  if (
    passage?.approvalId === approvalId &&
    saysOtherKey(history[passage.decidedSeq - 1]!.event, key.fingerprint)
  )
    return bundleFault('SIGNATURE_INVALID', file, `${file} is made with another key than the history names`)
  const { fingerprint } = key
  if (signersFile === null || at === null) return { ...checked, fingerprint, trusted: false }

  const question = { ...signed, allowedSigners: signersFile, principal: approver, at: new Date(at) }
  const answer = await verifySignature(question)
  if (!answer.ok && genesis.mode === 'live') {
    const { detail } = describeSignatureFault(answer.fault, question)
    return bundleFault('SIGNER_NOT_ALLOWED', file, `approval ${approvalId}, used at ${at}: ${detail}`)
  }
  return { ...checked, fingerprint, trusted: answer.ok }
}

function saysOtherKey({ vouched }: { [key: string]: unknown }, fingerprint: string): boolean {
  const said = (vouched as { fingerprint?: unknown } | null | undefined)?.fingerprint
  return said !== undefined && said !== fingerprint
}
