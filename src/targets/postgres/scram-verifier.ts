import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { CutterError } from '../../domain/errors.ts'

/**
 * Computes the SCRAM verifier of a password, the form in which PostgreSQL stores it (RFC 5803). Only ASCII is allowed, because SASLprep
 * does not change it.
 *
 * @throws INPUT_REFUSED when the password is empty or not printable ASCII.
 */
export function scramVerifier(role: string, password: string): string {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new CutterError('INPUT_REFUSED', `the password for ${role} is empty or not printable ASCII`)
  }
  const iterations = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  const serverKey = hmac('Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
