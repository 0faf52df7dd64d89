import type { Approval } from '../../domain/approval.ts'
import { computeFingerprint } from '../openssh/allowed-signers.ts'
import {
  findOtherNamesOfKey,
  isListedByWildcardOnly,
  type SignatureQuestion,
  verifySignature,
} from '../openssh/verify-signature.ts'
import { type ApprovalCase, nextApprovalCommand, type Refusal, type SignerVerdict } from '../refusal.ts'
import { findSamePeople } from '../same-person.ts'
import { approvalIdOf, namespaceOf, statementText } from '../statement.ts'
import { readSignersText, readTrustFile, type Trust } from '../trust-files.ts'
import { listCaseOperators, operatorsOwnRefusal } from './binding.ts'

/** Who vouches for the approval: nobody for a rehearsal, which wants no signature. */
export async function judgeSigner(input: ApprovalCase): Promise<SignerVerdict> {
  const { run, approval } = input
  if (!isOwnStatement(approval)) return { refusal: otherStatement(input) }
  if (approval.kind === 'rehearsal') return { refusal: null, vouched: null }

  const question = signatureQuestion(input, approval)
  const answer = await verifySignature(question)
  const isListed = answer.ok || answer.reason === 'KEY_REVOKED' || answer.reason === 'SIGNER_NOT_VALID_THEN'
  if (isListed && !isNamedByPolicy(input)) return { refusal: notNamedByPolicy(input) }
  if (!answer.ok) {
    const { reason, message, next } = answer
    return { refusal: { reason, message: `approval ${approval.approvalId}: ${message}`, next } }
  }
  if (run.mode === 'live' && (await isListedByWildcardOnly(question))) return { refusal: wildcard(input) }
  const { principal, fingerprint, keyType } = answer
  if (fingerprint === (await fingerprintOfInstance(input.trust))) return { refusal: byInstance(input) }
  return { refusal: null, vouched: { principal, fingerprint, keyType } }
}

/** Four eyes count keys as well as names: a second name for the operator's key is still the operator. */
export async function findOperatorKeyRefusal(input: ApprovalCase): Promise<Refusal | null> {
  const { run, approval, policy } = input
  if (run.mode !== 'live' || approval.kind === 'rehearsal' || policy.fourEyes === false) return null
  const operators = listCaseOperators(input)
  const [operator] = await findOtherNamesOfKey(signatureQuestion(input, approval), operators)
  if (operator === undefined) return refuseByOtherKeyOfOperator(input, operators)
  return operatorsOwnRefusal(
    approval,
    `the signing key is also listed for ${operator}, who operates run ${run.runId}`,
  )
}

/** Nor may the operator's second key, under a second name that shares the first one. */
async function refuseByOtherKeyOfOperator(
  { run, approval, trust }: ApprovalCase,
  operators: string[],
): Promise<Refusal | null> {
  const same = findSamePeople(await readSignersText(trust))
  const operator = operators.find((name) => same(name, approval.statement.approver))
  if (operator === undefined) return null
  return operatorsOwnRefusal(
    approval,
    `the file of signers shows ${approval.statement.approver} and ${operator}, who operates run ${run.runId}, as one person`,
  )
}

function signatureQuestion(
  { trust, now }: ApprovalCase,
  approval: Approval & { kind: 'signed' },
): SignatureQuestion {
  const { machine, gate, approver } = approval.statement
  return {
    text: approval.statementText,
    signature: approval.signature,
    namespace: namespaceOf(machine, gate),
    principal: approver,
    at: now,
    ...trust,
  }
}

/** Facts were checked on the parsed statement, the signature covers the text: an edited row must not tell them apart. */
function isOwnStatement({ approvalId, statement, statementText: text }: Approval): boolean {
  return statementText(statement) === text && approvalIdOf(text) === approvalId
}

function isNamedByPolicy({ approval, policy }: ApprovalCase): boolean {
  return policy.of === undefined || policy.of.includes(approval.statement.approver)
}

async function fingerprintOfInstance(trust: Trust): Promise<string | null> {
  const key = trust.instanceKey === undefined ? null : await readTrustFile(trust, trust.instanceKey)
  return key === null ? null : computeFingerprint(key.toString())
}

/** Its key lies where operators work, without a passphrase: whoever lists it must not have made them approvers thereby. */
function byInstance({ run, approval }: ApprovalCase): Refusal {
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    message: `approval ${approval.approvalId} is signed with the key of this instance of Cutter, which signs closeouts and approves nothing`,
    next: nextApprovalCommand(run, approval),
  }
}

function otherStatement({ run, approval }: ApprovalCase): Refusal {
  return {
    reason: 'SIGNATURE_INVALID',
    message: `approval ${approval.approvalId} is stored with a statement other than the text that it vouches for`,
    next: nextApprovalCommand(run, approval),
  }
}

function notNamedByPolicy({ run, approval, policy }: ApprovalCase): Refusal {
  const { approver, gate } = approval.statement
  const named = policy.of?.join(', ') || 'nobody'
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    message: `approval ${approval.approvalId} is by ${approver}, but the policy of ${run.machine}.${gate} names ${named}`,
    next: `have one of them sign: cutter approval sign ${run.runId} --as <principal> --key <file>`,
  }
}

function wildcard({ run, approval, trust }: ApprovalCase): Refusal {
  const { approver } = approval.statement
  return {
    reason: 'WILDCARD_PRINCIPAL',
    message:
      `approval ${approval.approvalId}: ${trust.allowedSigners} lists ${approver} by a pattern only, ` +
      `and live run ${run.runId} wants to know who signed`,
    next: `have the owner of that file list ${approver} by name, on a line of its own, then resume again`,
  }
}
