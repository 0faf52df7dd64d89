import type { Approval } from '../domain/approval.ts'
import { fingerprintOf } from './allowed-signers.ts'
import { peopleIn } from './identities.ts'
import { approveAnew, type Refusal, type RefusalInput, type SignerAnswer } from './refusal-words.ts'
import { operatorsOf, operatorsOwn } from './refuse-by-facts.ts'
import {
  isListedByWildcardOnly,
  otherNamesOfKey,
  type SignatureQuestion,
  verifySignature,
} from './ssh-keygen.ts'
import { approvalIdOf, namespaceOf, statementText } from './statement.ts'
import { readTrusted, signersText, type Trust } from './trust.ts'

/** Who vouches for the approval: nobody for a rehearsal, which wants no signature. */
export async function signerOf(input: RefusalInput): Promise<SignerAnswer> {
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
export async function refuseByKeyOfOperator(input: RefusalInput): Promise<Refusal | null> {
  const { run, approval, policy } = input
  if (run.mode !== 'live' || approval.kind === 'rehearsal' || policy.fourEyes === false) return null
  const operators = operatorsOf(input)
  const [operator] = await otherNamesOfKey(signatureQuestion(input, approval), operators)
  if (operator === undefined) return refuseByOtherKeyOfOperator(input, operators)
  return operatorsOwn(
    approval,
    `the signing key is also listed for ${operator}, who operates run ${run.runId}`,
  )
}

/** Nor may the operator's second key, under a second name that shares the first one. */
async function refuseByOtherKeyOfOperator(
  { run, approval, trust }: RefusalInput,
  operators: string[],
): Promise<Refusal | null> {
  const same = peopleIn(await signersText(trust))
  const operator = operators.find((name) => same(name, approval.statement.approver))
  if (operator === undefined) return null
  return operatorsOwn(
    approval,
    `the file of signers shows ${approval.statement.approver} and ${operator}, who operates run ${run.runId}, as one person`,
  )
}

function signatureQuestion(
  { trust, now }: RefusalInput,
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

function isNamedByPolicy({ approval, policy }: RefusalInput): boolean {
  return policy.of === undefined || policy.of.includes(approval.statement.approver)
}

async function fingerprintOfInstance(trust: Trust): Promise<string | null> {
  const key = trust.instanceKey === undefined ? null : await readTrusted(trust, trust.instanceKey)
  return key === null ? null : fingerprintOf(key.toString())
}

/** Its key lies where operators work, without a passphrase: whoever lists it must not have made them approvers thereby. */
function byInstance({ run, approval }: RefusalInput): Refusal {
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    message: `approval ${approval.approvalId} is signed with the key of this instance of Cutter, which signs closeouts and approves nothing`,
    next: approveAnew(run, approval),
  }
}

function otherStatement({ run, approval }: RefusalInput): Refusal {
  return {
    reason: 'SIGNATURE_INVALID',
    message: `approval ${approval.approvalId} is stored with a statement other than the text that it vouches for`,
    next: approveAnew(run, approval),
  }
}

function notNamedByPolicy({ run, approval, policy }: RefusalInput): Refusal {
  const { approver, gate } = approval.statement
  const named = policy.of?.join(', ') || 'nobody'
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    message: `approval ${approval.approvalId} is by ${approver}, but the policy of ${run.machine}.${gate} names ${named}`,
    next: `have one of them sign: cutter approval sign ${run.runId} --as <principal> --key <file>`,
  }
}

function wildcard({ run, approval, trust }: RefusalInput): Refusal {
  const { approver } = approval.statement
  return {
    reason: 'WILDCARD_PRINCIPAL',
    message:
      `approval ${approval.approvalId}: ${trust.allowedSigners} lists ${approver} by a pattern only, ` +
      `and live run ${run.runId} wants to know who signed`,
    next: `have the owner of that file list ${approver} by name, on a line of its own, then resume again`,
  }
}
