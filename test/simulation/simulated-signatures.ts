import { computeFingerprint } from '../../src/approvals/openssh/allowed-signers.ts'
import { type Ed25519Key, makeEd25519Key, signWithEd25519 } from '../../src/approvals/openssh/ed25519-key.ts'

/** What ssh-keygen is in a simulated world: it knows one key for each principal. */

const keys = new Map<string, Ed25519Key>()

function keyOf(principal: string): Ed25519Key {
  const known = keys.get(principal) ?? makeEd25519Key(principal)
  keys.set(principal, known)
  return known
}

export const signatureOf = (principal: string, text: string): string =>
  signWithEd25519(keyOf(principal), 'simulated', text)

interface Question {
  principal: string
  text: string
  signature: string
}

/** Ed25519 has one signature for each text, so it is good exactly when it is this one. */
export async function verifySignature({ principal, text, signature }: Question) {
  return signature === signatureOf(principal, text)
    ? {
        ok: true,
        principal,
        fingerprint: computeFingerprint(keyOf(principal).publicKey),
        keyType: 'ssh-ed25519',
      }
    : { ok: false, fault: { kind: 'not-of-this-text' } }
}

export const isListedByWildcardOnly = async () => false
export const findOtherNamesOfKey = async () => []
export const findSigningKey = async () => null
