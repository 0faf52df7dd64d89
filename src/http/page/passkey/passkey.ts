import { rpIdOf } from './rp-id.ts'
import {
  type Assertion,
  faultOfName,
  fromBase64,
  isMadeBy,
  pointOfSpki,
  preimage,
  publicKeyBlob,
  publicKeyText,
  readPublicKey,
  signersLine,
  toBase64,
  wrapSignature,
} from './sshsig.ts'

/** A passkey that this browser made, so that it can be asked for by name. The key itself never leaves the authenticator. */
interface KnownPasskey {
  principal: string
  rpId: string
  credentialId: string
  publicKey: string
}

const KNOWN = 'cutter-passkeys'

const readKnown = (): KnownPasskey[] => JSON.parse(localStorage.getItem(KNOWN) ?? '[]') as KnownPasskey[]

/** The passkeys that this browser made and may use on a page of this host, one for each principal. */
export function knownHere(hostname: string): Pick<KnownPasskey, 'principal' | 'rpId'>[] {
  const here = readKnown().filter(({ rpId }) => rpIdOf(hostname, [rpId]) !== null)
  return [...new Map(here.map((one) => [one.principal, one])).values()]
}

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** ECDSA with P-256 and SHA-256, the only kind of passkey that OpenSSH verifies. */
const ES256 = -7

const NO_ES256 = 'this authenticator has no ES256 (P-256), the only kind of passkey that OpenSSH verifies'

/** A browser rejects with NotSupportedError when no authenticator has an algorithm that is asked for (Web Authentication Level 2, section 5.1.3). */
const createdBy = (options: CredentialCreationOptions) =>
  navigator.credentials.create(options).catch((error: unknown) => {
    const isMissing = error instanceof DOMException && error.name === 'NotSupportedError'
    throw isMissing ? new Error(NO_ES256) : error
  })

/** The line of allowed_signers for a new passkey. The owner of that file decides whether it goes in; nothing is written. */
export interface Enrolled {
  line: string
  publicKey: string
}

/**
 * Makes a passkey for a principal.
 * @throws Error when the name is not one person's, the authenticator has no ES256, or the person ends it
 */
export async function enrol(principal: string, rpId: string): Promise<Enrolled> {
  const fault = faultOfName(principal)
  if (fault !== null) throw new Error(fault)
  const made = (await createdBy({
    publicKey: {
      rp: { id: rpId, name: 'Cutter' },
      user: { id: random(16), name: principal, displayName: principal },
      challenge: random(32),
      pubKeyCredParams: [{ type: 'public-key', alg: ES256 }],
      authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
      attestation: 'none',
    },
  })) as PublicKeyCredential | null
  const response = made?.response as AuthenticatorAttestationResponse | undefined
  const spki = response?.getPublicKey() ?? null
  if (made === null || response === undefined || spki === null || response.getPublicKeyAlgorithm() !== ES256)
    throw new Error(NO_ES256)
  const publicKey = publicKeyText(pointOfSpki(new Uint8Array(spki)), rpId)
  const known = { principal, rpId, credentialId: toBase64(new Uint8Array(made.rawId)), publicKey }
  localStorage.setItem(KNOWN, JSON.stringify([...readKnown(), known]))
  return { line: signersLine(principal, publicKey), publicKey }
}

/**
 * Has a passkey sign a statement, and wraps what it answers as an OpenSSH signature.
 * @param listed keys of allowed_signers, by which a passkey that was made in another browser is recognised
 * @throws Error when the person ends it, no known key made the signature, or the authenticator added extension data
 */
export async function signStatement({
  statement,
  namespace,
  principal,
  rpId,
  listed,
}: {
  statement: string
  namespace: string
  principal: string
  rpId: string
  listed: string[]
}): Promise<string> {
  const own = readKnown().filter((one) => one.principal === principal && one.rpId === rpId)
  const found = (await navigator.credentials.get({
    publicKey: {
      challenge: await preimage(namespace, statement),
      rpId,
      // A passkey of another browser or of a phone is found by itself when none is named.
      allowCredentials: own.map(({ credentialId }) => ({ type: 'public-key', id: fromBase64(credentialId) })),
      userVerification: 'required',
    },
  })) as PublicKeyCredential | null
  if (found === null) throw new Error('no passkey signed')
  const response = found.response as AuthenticatorAssertionResponse
  const assertion: Assertion = {
    signature: new Uint8Array(response.signature),
    authenticatorData: new Uint8Array(response.authenticatorData),
    clientData: new Uint8Array(response.clientDataJSON),
  }
  for (const text of [...own.map(({ publicKey }) => publicKey), ...listed]) {
    const key = readPublicKey(text)
    if (key !== null && key.rpId === rpId && (await isMadeBy(key.point, assertion)))
      return wrapSignature(publicKeyBlob(key.point, rpId), namespace, assertion)
  }
  throw new Error('the passkey that signed is not in allowed_signers, and this browser did not make it')
}
