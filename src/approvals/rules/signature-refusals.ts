import { shellQuote } from '../../domain/shell-quote.ts'
import type { SigningKey } from '../openssh/signature-questions.ts'

/** Why a signature vouches for nothing, and what the people concerned can do about it. */
export interface SignatureFault {
  reason: 'SIGNATURE_INVALID' | 'SIGNER_NOT_ALLOWED' | 'KEY_REVOKED' | 'SIGNER_NOT_VALID_THEN'
  message: string
  next: string
}

interface Asked {
  namespace: string
  allowedSigners: string
  principal: string
  at: Date
}

export function invalidSignature({ namespace }: Asked): SignatureFault {
  return {
    reason: 'SIGNATURE_INVALID',
    message:
      `this is no signature of this statement in namespace ${namespace}: ` +
      'the statement was changed after it was signed, or signed for another namespace, or the signature is damaged',
    next: `sign the printed bytes as they are: ssh-keygen -Y sign -f <key> -n ${namespace} <statement>`,
  }
}

export function noAllowedSigners(asked: Asked): SignatureFault {
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    message: `there is no readable file of allowed signers at ${asked.allowedSigners}, so nobody's signature counts`,
    next: `have its owner make it, one line for each approver: ${howToList(asked)}`,
  }
}

export function notAllowed(
  asked: Asked,
  { fingerprint, keyType }: SigningKey,
  listedFor: string[],
): SignatureFault {
  const { principal, namespace, allowedSigners } = asked
  const listing =
    listedFor.length === 0 ? 'it lists that key for nobody' : `it lists that key for ${listedFor.join(', ')}`
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    message:
      `${allowedSigners} does not let ${principal} sign with the ${keyType} key ${fingerprint} ` +
      `in namespace ${namespace}: ${listing}`,
    next: `sign with a key that is listed for ${principal}, or have the owner of that file add: ${howToList(asked)}`,
  }
}

export function noRevokedKeys(revokedKeys: string): SignatureFault {
  return {
    reason: 'KEY_REVOKED',
    message: `the revoked keys at ${revokedKeys} can't be read, so every key counts as revoked`,
    next: `restore that file; if no key was ever revoked, an empty one will do: touch ${shellQuote(revokedKeys)}`,
  }
}

export function revoked({ fingerprint, keyType }: SigningKey, revokedKeys: string): SignatureFault {
  return {
    reason: 'KEY_REVOKED',
    message:
      `the ${keyType} key ${fingerprint} is revoked by ${revokedKeys}, ` +
      'or that file is neither a KRL nor a list of public keys, which revokes every key',
    next: 'sign with a key that is not revoked',
  }
}

export function notValidThen(asked: Asked, { fingerprint, keyType }: SigningKey): SignatureFault {
  const { allowedSigners, principal, at } = asked
  return {
    reason: 'SIGNER_NOT_VALID_THEN',
    message:
      `${allowedSigners} lists the ${keyType} key ${fingerprint} for ${principal}, ` +
      `but its valid-after or valid-before there, taken as UTC, excludes ${at.toISOString()}`,
    next: `sign with a key of ${principal} that is valid, or have the owner of that file extend the line`,
  }
}

function howToList({ principal, namespace, allowedSigners }: Asked): string {
  const line = `${principal} namespaces="${namespace}" `
  return `(printf '%s' ${shellQuote(line)}; cut -d' ' -f1,2 <key>.pub) >> ${shellQuote(allowedSigners)}`
}
