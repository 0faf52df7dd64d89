import { dirname } from 'node:path'
import type { Approval } from '../../domain/approval.ts'
import type { ApprovalCase, SignerVerdict } from '../approval-case.ts'
import { readKeyRotations, readRotationStatement } from '../key-rotations.ts'
import { computeFingerprint } from '../openssh/allowed-signers.ts'
import {
  isListedByWildcardOnly,
  type SignatureQuestion,
  verifySignature,
} from '../openssh/verify-signature.ts'
import { approvalIdOf, namespaceOf, statementText } from '../statement.ts'
import { readTrustFile, type Trust } from '../trust-files.ts'
import { findKeyFault, keyRefusal } from './key-policy.ts'
import {
  instanceKeyRefusal,
  notNamedByPolicyRefusal,
  otherStatementRefusal,
  signatureRefusal,
  wildcardRefusal,
} from './signature-refusals.ts'

/**
 * Judges who signed an approval: the signature, the principal in allowed_signers and in the policy, the key. A rehearsal needs no signature.
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function judgeSigner(subject: ApprovalCase): Promise<SignerVerdict> {
  const { run, approval, policy, trust } = subject
  if (!isOwnStatement(approval)) return { refusal: otherStatementRefusal(subject) }
  if (approval.kind === 'rehearsal') return { refusal: null, vouched: null }

  const question = signatureQuestionOf(subject, approval)
  // A gate that leads to live writes asks again, whatever this process has heard.
  const mayReuse = run.mode !== 'live' || subject.isForecast === true
  const answer = await verifySignature(question, { mayReuse })
  const isListed = answer.ok || !NOT_LISTED.includes(answer.fault.kind)
  const isNamed = policy.of === undefined || policy.of.includes(approval.statement.approver)
  if (isListed && !isNamed) return { refusal: notNamedByPolicyRefusal(subject) }
  if (!answer.ok) return { refusal: signatureRefusal(approval, answer.fault, question) }
  if (run.mode === 'live' && (await isListedByWildcardOnly(question)))
    return { refusal: wildcardRefusal(subject) }
  const { principal, fingerprint, keyType } = answer
  if ((await readInstanceFingerprints(trust)).includes(fingerprint))
    return { refusal: instanceKeyRefusal(subject) }
  const fault = findKeyFault({ signature: approval.signature, keyType }, policy)
  if (fault !== null) return { refusal: keyRefusal(subject, fault) }
  return { refusal: null, vouched: { principal, fingerprint, keyType } }
}

/** Faults after which it is not known whether allowed_signers lists the approver. */
const NOT_LISTED: string[] = ['not-of-this-text', 'no-allowed-signers', 'not-listed']

/** Builds the question whether the signature of an approval is good now. */
export function signatureQuestionOf(
  { trust, now }: Pick<ApprovalCase, 'trust' | 'now'>,
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

/** The facts are checked on the parsed statement, and the signature covers the text. An edited row could make the two differ. */
function isOwnStatement({ approvalId, statement, statementText: text }: Approval): boolean {
  return statementText(statement) === text && approvalIdOf(text) === approvalId
}

/** Fingerprints of the keys of this instance: today's, and those that it had before. */
async function readInstanceFingerprints(trust: Trust): Promise<string[]> {
  if (trust.instanceKey === undefined) return []
  const key = await readTrustFile(trust, trust.instanceKey)
  const rotations = (await readKeyRotations(dirname(trust.instanceKey))).map(readRotationStatement)
  const keys = [key?.toString() ?? '', ...rotations.flatMap(({ oldKey, newKey }) => [oldKey, newKey])]
  return keys.filter((one) => one !== '').map(computeFingerprint)
}
