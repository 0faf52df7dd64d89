import { findRevokedKeys } from '../approvals/openssh/revoked-keys.ts'
import { readSignatureParts } from '../approvals/openssh/signature-parts.ts'
import { isListedByWildcardOnly, verifySignature } from '../approvals/openssh/verify-signature.ts'
import { readWire } from '../approvals/openssh/wire-reader.ts'
import { describeSignatureFault } from '../approvals/rules/signature-refusals.ts'

/** The checker's own files. Nothing in a bundle makes anybody trusted. */
export interface CheckerTrust {
  /** Path of an `allowed_signers`; null: nobody is trusted. */
  signers: string | null
  /** Path of a KRL or a list of public keys; null: no key is revoked. */
  revoked: string | null
}

/** Why a checker does not trust a signature. Without a file of signers `code` is null: there is no answer then. */
interface Distrust {
  code: 'KEY_REVOKED' | 'SIGNER_NOT_ALLOWED' | null
  detail: string
}

/** A signature that is valid, and for whom and when it should count. */
interface SignatureToTrust {
  text: string
  signature: string
  namespace: string
  principal: string
  at: Date
}

/**
 * Finds why a checker does not trust a valid signature; null when they do. A principal whom only a pattern lists is nobody in particular, as
 * at a live gate.
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function findDistrust(
  signed: SignatureToTrust,
  { signers, revoked }: CheckerTrust,
): Promise<Distrust | null> {
  if (revoked !== null && (await isKeyRevoked(signed.signature, revoked)))
    return { code: 'KEY_REVOKED', detail: `${revoked} revokes its key` }
  if (signers === null) return { code: null, detail: 'no file of signers was given' }
  const trust = { allowedSigners: signers, ...(revoked === null ? {} : { revokedKeys: revoked }) }
  const question = { ...signed, ...trust }
  const answer = await verifySignature(question)
  if (!answer.ok) {
    const { reason, detail } = describeSignatureFault(answer.fault, question)
    return { code: reason === 'KEY_REVOKED' ? reason : 'SIGNER_NOT_ALLOWED', detail }
  }
  if (!(await isListedByWildcardOnly(question))) return null
  const detail = `${signers} lists ${signed.principal} by a pattern only, which does not say who signed`
  return { code: 'SIGNER_NOT_ALLOWED', detail }
}

/** Asks about the key as the signature has it: a certificate is revoked by its own bytes or by a KRL. What cannot be read counts as revoked. */
async function isKeyRevoked(signature: string, revoked: string): Promise<boolean> {
  const parts = readSignatureParts(signature)
  if (parts === null) return true
  const { publicKey } = parts
  const key = `${readWire(publicKey).text()} ${publicKey.toString('base64')}`
  return (await findRevokedKeys([key], revoked)).has(key)
}
