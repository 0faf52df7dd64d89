import { askFingerprint } from '../approvals/instance-key.ts'
import { findSigningKey } from '../approvals/openssh/verify-signature.ts'
import { isArmorAsWritten } from './armor.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { CLOSEOUT, pathOfCountersignature, pathOfSignature } from './bundle-paths.ts'
import { type EarlierKey, findEarlierKey, findRotationFault } from './check-rotations.ts'
import { type CheckerTrust, findDistrust } from './checker-trust.ts'
import { CLOSEOUT_NAMESPACE, closeoutText, countersignatureText } from './closeout-statement.ts'
import type { RunRecord, SignedCloseout } from './run-record.ts'

/** A signature of the end of the run, as the check found it. */
export interface CheckedCloseoutSignature {
  kind: 'closeout' | 'countersign'
  signer: string
  fingerprint: string
  at: string
  trusted: boolean
  /** Whether the checker's file of revoked keys lists the key. */
  revoked: boolean
  /** The earlier key of the instance that the checker trusts, or that is revoked, when the checker's file does not name the signing key. */
  earlierKey?: EarlierKey
}

type CloseoutChecked = { fault: BundleFault } | { fault: null; ends: CheckedCloseoutSignature[] }

/**
 * Derives the closeout again from the rest of the bundle, then checks who signed it. Without the checker's own file of signers
 * no signature is trusted.
 *
 * @throws TOOL_MISSING when there is a signature to check and no ssh-keygen.
 */
export async function checkCloseout(record: RunRecord, trust: CheckerTrust): Promise<CloseoutChecked> {
  const { closeout, run } = record
  if (closeout === null) return { fault: null, ends: [] }
  const differs = (message: string) => ({ fault: bundleFault('CLOSEOUT_DIFFERS', CLOSEOUT, message) })
  if (run.status !== 'closed') return differs('the run is open, but the bundle has a closeout')
  const { text, instance, countersigned } = closeout
  if (closeoutText(record, instance) !== text)
    return differs('closeout.json does not follow from the rest of the bundle')

  const signed = { ...instance, text }
  const fingerprint = await findFingerprint(signed)
  if (fingerprint === null || fingerprint !== (await askFingerprint(instance.publicKey))) {
    const file = pathOfSignature(CLOSEOUT)
    const message = `${file} is not a valid signature of ${CLOSEOUT} by the key in instance.pub`
    return { fault: bundleFault('CLOSEOUT_SIGNATURE_INVALID', file, message) }
  }
  const byRotations = await findRotationFault(closeout)
  if (byRotations !== null) return { fault: byRotations }
  const ends = [await checkInstance(closeout, fingerprint, trust)]
  for (const one of countersigned) {
    const key = await findFingerprint(one)
    if (key === null || one.text !== countersignatureText({ runId: run.runId, text }, one)) {
      const file = pathOfCountersignature(one.signer)
      const message = `${file} is not signed, or it is for another closeout`
      return { fault: bundleFault('COUNTERSIGNATURE_INVALID', file, message) }
    }
    ends.push(await checkSigner('countersign', one, key, trust))
  }
  return { fault: null, ends }
}

interface SignedText {
  text: string
  signer: string
  signature: string
  at: string
}

/** The fingerprint of the key that signed a text; null when the signature is not valid. */
async function findFingerprint({ text, signature }: SignedText): Promise<string | null> {
  if (!isArmorAsWritten(signature)) return null
  return (await findSigningKey({ text, signature, namespace: CLOSEOUT_NAMESPACE }))?.fingerprint ?? null
}

/** A closeout whose key the checker does not know is trusted by an earlier key of the instance, which signed that the key follows it. */
async function checkInstance(
  closeout: SignedCloseout,
  fingerprint: string,
  trust: CheckerTrust,
): Promise<CheckedCloseoutSignature> {
  const { instance, text } = closeout
  const end = await checkSigner('closeout', { ...instance, text }, fingerprint, trust)
  if (end.trusted || end.revoked) return end
  const earlierKey = await findEarlierKey(closeout, trust)
  return earlierKey === null ? end : { ...end, trusted: !earlierKey.revoked, earlierKey }
}

async function checkSigner(
  kind: CheckedCloseoutSignature['kind'],
  { text, signer, signature, at }: SignedText,
  fingerprint: string,
  trust: CheckerTrust,
): Promise<CheckedCloseoutSignature> {
  const question = { text, signature, namespace: CLOSEOUT_NAMESPACE, principal: signer, at: new Date(at) }
  const distrust = await findDistrust(question, trust)
  const revoked = distrust?.code === 'KEY_REVOKED'
  return { kind, signer, fingerprint, at, trusted: distrust === null, revoked }
}
