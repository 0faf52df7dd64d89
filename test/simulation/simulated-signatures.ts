import { computeFingerprint } from '../../src/approvals/openssh/allowed-signers.ts'
import { type Ed25519Key, makeEd25519Key, signWithEd25519 } from '../../src/approvals/openssh/ed25519-key.ts'

/** What ssh-keygen is in a simulated world: it knows one key for each principal. */

const keys = new Map<string, Ed25519Key>()

function keyOf(principal: string): Ed25519Key {
  const known = keys.get(principal) ?? makeEd25519Key(principal)
  keys.set(principal, known)
  return known
}

const signed = new Map<string, string>()

export function signatureOf(principal: string, text: string): string {
  const question = `${principal} ${text}`
  const signature = signed.get(question) ?? signWithEd25519(keyOf(principal), 'simulated', text)
  // Signing takes as long as two steps, and each text is signed and then verified more than once.
  if (signed.size > 1_000) signed.clear()
  signed.set(question, signature)
  return signature
}

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
