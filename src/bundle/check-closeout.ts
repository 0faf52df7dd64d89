import { askFingerprint } from '../approvals/instance-key.ts'
import { findSigningKey, verifySignature } from '../approvals/openssh/verify-signature.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { CLOSEOUT, pathOfCountersignature, pathOfSignature } from './bundle-paths.ts'
import { CLOSEOUT_NAMESPACE, closeoutText, countersignatureText } from './closeout-statement.ts'
import type { RunRecord } from './run-record.ts'

/** Who signed the end of the run. */
export interface CheckedCloseoutSignature {
  kind: 'closeout' | 'countersign'
  signer: string
  fingerprint: string
  at: string
  trusted: boolean
}

export type CloseoutChecked = { fault: BundleFault } | { fault: null; ends: CheckedCloseoutSignature[] }

/** The closeout follows from all else in the bundle: it is derived again, and only then asked who signed it. */
export async function checkCloseout(record: RunRecord, signersFile: string | null): Promise<CloseoutChecked> {
  const { closeout, run } = record
  if (closeout === null) return { fault: null, ends: [] }
  if (run.status !== 'closed')
    return {
      fault: bundleFault('CLOSEOUT_DIFFERS', CLOSEOUT, 'the run is open, and yet there is a closeout'),
    }
  const { text, instance, countersigned } = closeout
  if (closeoutText(record, instance) !== text)
    return {
      fault: bundleFault(
        'CLOSEOUT_DIFFERS',
        CLOSEOUT,
        'closeout.json is not what the rest of the bundle gives',
      ),
    }

  const sealed = { text, signature: instance.signature, namespace: CLOSEOUT_NAMESPACE }
  const sealKey = isAsWritten(instance.signature) ? await findSigningKey(sealed) : null
  if (sealKey === null || sealKey.fingerprint !== (await askFingerprint(instance.publicKey))) {
    const file = pathOfSignature(CLOSEOUT)
    const message = `${file} is no signature of ${CLOSEOUT} by the key in instance.pub`
    return { fault: bundleFault('CLOSEOUT_SIGNATURE_INVALID', file, message) }
  }
  const ends: CheckedCloseoutSignature[] = [await end('closeout', { ...instance, text }, sealKey.fingerprint)]
  for (const one of countersigned) {
    const key = isAsWritten(one.signature)
      ? await findSigningKey({ ...one, namespace: CLOSEOUT_NAMESPACE })
      : null
    if (key === null || one.text !== countersignatureText({ runId: run.runId, text }, one)) {
      const file = pathOfCountersignature(one.signer)
      return {
        fault: bundleFault('COUNTERSIGNATURE_INVALID', file, `${file} is not signed, or not of ${CLOSEOUT}`),
      }
    }
    ends.push(await end('countersign', one, key.fingerprint))
  }
  return { fault: null, ends }

  async function end(
    kind: CheckedCloseoutSignature['kind'],
    { text, signer, signature, at }: { text: string; signer: string; signature: string; at: string },
    fingerprint: string,
  ): Promise<CheckedCloseoutSignature> {
    const question = { text, signature, namespace: CLOSEOUT_NAMESPACE, principal: signer, at: new Date(at) }
    const trusted =
      signersFile !== null && (await verifySignature({ ...question, allowedSigners: signersFile })).ok
    return { kind, signer, fingerprint, at, trusted }
  }
}

/** As ssh-keygen writes it. It reads more than that, and nothing else covers these bytes. */
function isAsWritten(signature: string): boolean {
  const [, body = ''] =
    /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n$/.exec(signature) ??
    []
  const lines =
    Buffer.from(body, 'base64')
      .toString('base64')
      .match(/.{1,70}/g) ?? []
  return body !== '' && lines.join('\n') === body
}
