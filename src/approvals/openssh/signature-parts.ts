import { readWire } from './wire-reader.ts'

/** The parts of an SSH signature that ssh-keygen covers and does not print (PROTOCOL.sshsig of OpenSSH). */
export interface SignatureParts {
  /** The key that signed, in the encoding of a `.pub` file before base64. For a certificate, the certificate. */
  publicKey: Buffer
  /** The signature itself: its type and the fields of that type. */
  signature: Buffer
}

/**
 * Reads an armored signature as ssh-keygen reads it: up to the first end line, in strict base64. Null when it has another form. This
 * verifies nothing; ask ssh-keygen first.
 */
export function readSignatureParts(armored: string): SignatureParts | null {
  const [, body] =
    /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/\s]+={0,2}\s*?)\n-----END SSH SIGNATURE-----/.exec(
      armored,
    ) ?? []
  if (body === undefined) return null
  try {
    const message = readWire(Buffer.from(body, 'base64'))
    if (message.bytes(6).toString('latin1') !== 'SSHSIG' || message.uint32() !== 1) return null
    const publicKey = message.string()
    // Namespace, reserved, hash algorithm.
    for (let skipped = 0; skipped < 3; skipped++) message.string()
    const signature = message.string()
    message.end()
    return { publicKey, signature }
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** Tells whether an armored signature names the key of a public key's line, as `type blob comment`. It verifies nothing. */
export function isSignedWith(armored: string, publicKey: string): boolean {
  return readSignatureParts(armored)?.publicKey.toString('base64') === publicKey.split(' ')[1]
}
