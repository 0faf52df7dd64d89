import { readSignatureParts } from './signature-parts.ts'
import { readWire, type WireReader } from './wire-reader.ts'

/** What a signature says of the security key that made it, and of the web page that asked for it (PROTOCOL.u2f of OpenSSH). */
export interface SecurityKeyUse {
  /** The application of the key: `ssh:` and what follows, or for WebAuthn the RP id. */
  application: string
  /** Whether somebody touched the key. */
  isPresent: boolean
  /** Whether the key checked who touched it, by PIN or fingerprint. */
  isVerified: boolean
  /** How often the key has signed; some keys always answer 0. */
  counter: number
  /** The web page for a WebAuthn signature; null for a signature that was not made in a browser. */
  page: { origin: string; isFramedByOther: boolean } | null
}

/**
 * Reads what a signature says of its security key. Null for a key that is no security key; `unreadable` when its type begins with `sk-` and
 * the rest has an unknown form. This verifies nothing: ask ssh-keygen first, which covers every part that is read here.
 */
export function readSecurityKeyUse(armored: string): SecurityKeyUse | 'unreadable' | null {
  const parts = readSignatureParts(armored)
  if (parts === null) return 'unreadable'
  try {
    const key = readWire(parts.publicKey)
    const keyType = key.text()
    if (!keyType.startsWith('sk-')) return null
    const application = readApplication(key, keyType)
    return application === null ? 'unreadable' : readUse(readWire(parts.signature), application)
  } catch (error) {
    // JSON.parse throws a SyntaxError, a message that ends too early a RangeError.
    if (error instanceof RangeError || error instanceof SyntaxError) return 'unreadable'
    throw error
  }
}

/**
 * The web origin for which a WebAuthn signature was made; null for any other signature. Bytes that are not UTF-8 become replacement characters.
 * This verifies nothing; ask ssh-keygen first.
 */
export function readPageOrigin(armored: string): string | null {
  const parts = readSignatureParts(armored)
  if (parts === null) return null
  const signature = readWire(parts.signature)
  if (!signature.string().toString('latin1').startsWith('webauthn-')) return null
  signature.string()
  // The flags and the counter.
  signature.bytes(5)
  return signature.string().toString('utf8')
}

/** How many fields stand between the type of a key and its application. A certificate has a nonce in addition. */
const FIELDS_BEFORE_APPLICATION: { [keyType: string]: number } = {
  'sk-ssh-ed25519@openssh.com': 1,
  'sk-ssh-ed25519-cert-v01@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com': 3,
}

function readApplication(key: WireReader, keyType: string): string | null {
  const fields = FIELDS_BEFORE_APPLICATION[keyType]
  if (fields === undefined) return null
  for (let skipped = 0; skipped < fields; skipped++) key.string()
  return key.text()
}

/** The bits of the flags (Web Authentication, section 6.1). */
const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04

function readUse(signature: WireReader, application: string): SecurityKeyUse {
  const type = signature.text()
  signature.string()
  const flags = signature.byte()
  const counter = signature.uint32()
  const page = type.startsWith('webauthn-') ? readPage(signature) : null
  signature.end()
  return {
    application,
    isPresent: (flags & USER_PRESENT) !== 0,
    isVerified: (flags & USER_VERIFIED) !== 0,
    counter,
    page,
  }
}

/** ssh-keygen compares the beginning of the client data with the origin. The rest may name a second origin, so it is compared here. */
function readPage(signature: WireReader): NonNullable<SecurityKeyUse['page']> {
  const origin = signature.text()
  const clientData = JSON.parse(signature.text()) as { [key: string]: unknown }
  signature.string()
  if (clientData.type !== 'webauthn.get' || clientData.origin !== origin)
    throw new SyntaxError('the client data names another page')
  const { crossOrigin = false, topOrigin } = clientData
  return { origin, isFramedByOther: crossOrigin !== false || topOrigin !== undefined }
}
