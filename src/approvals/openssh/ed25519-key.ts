import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { readWire } from './wire-reader.ts'

/** An ed25519 key that signs inside this process, and the line of its public key: type, key and comment. */
export interface Ed25519Key {
  privateKey: KeyObject
  publicKey: string
}

const KIND = 'ssh-ed25519'
const MAGIC = 'openssh-key-v1\0'
/** What DER puts before the 32 bytes of a seed (RFC 8410, section 7). */
const SEED_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A `string` of SSH (RFC 4251, section 5): four bytes of length, then the bytes. */
function wireString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Makes a new key. */
export function makeEd25519Key(comment: string): Ed25519Key {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKey: publicLine(publicPartOf(privateKey), comment) }
}

/** Writes a key as the text of a private key file of OpenSSH (PROTOCOL.key) without a passphrase. */
export function formatEd25519Key({ privateKey, publicKey }: Ed25519Key): string {
  const { d } = privateKey.export({ format: 'jwk' })
  const part = publicPartOf(privateKey)
  const check = randomBytes(4)
  const fields = [KIND, part, Buffer.concat([Buffer.from(d!, 'base64url'), part]), commentOf(publicKey)]
  const secret = Buffer.concat([check, check, ...fields.map(wireString)])
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8))
  const message = Buffer.concat([
    Buffer.from(MAGIC),
    ...['none', 'none', ''].map(wireString),
    Buffer.from([0, 0, 0, 1]),
    wireString(blobOf(part)),
    wireString(Buffer.concat([secret, padding])),
  ])
  return armor('OPENSSH PRIVATE KEY', message)
}

/**
 * Reads the text of a private key file of OpenSSH.
 * @throws RangeError, which says why, when it is not an ed25519 key without a passphrase, or damaged
 */
export function readEd25519Key(text: string): Ed25519Key {
  const [, body] =
    /^-----BEGIN OPENSSH PRIVATE KEY-----\s([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(
      text,
    ) ?? []
  if (body === undefined) throw new RangeError('it is not a private key of OpenSSH')
  const message = readWire(Buffer.from(body, 'base64'))
  if (message.bytes(MAGIC.length).toString('latin1') !== MAGIC)
    throw new RangeError('it is not a private key of OpenSSH')
  if (message.text() !== 'none') throw new RangeError('it has a passphrase')
  // The derivation of a key from a passphrase, and its options.
  message.string()
  message.string()
  if (message.uint32() !== 1) throw new RangeError('it holds several keys')
  const blob = message.string()
  const secret = readWire(message.string())
  const check = secret.uint32()
  if (secret.uint32() !== check) throw new RangeError('it is damaged')
  if (secret.text() !== KIND) throw new RangeError(`it is not of the kind ${KIND}`)
  const part = secret.string()
  const seed = secret.string().subarray(0, 32)
  const comment = secret.text()
  const privateKey = createPrivateKey({ key: Buffer.concat([SEED_HEAD, seed]), format: 'der', type: 'pkcs8' })
  // Halves that do not belong together would make a wrong signature, and nobody would notice now.
  if (!publicPartOf(privateKey).equals(part) || !blob.equals(blobOf(part)))
    throw new RangeError('it is damaged')
  return { privateKey, publicKey: publicLine(part, comment) }
}

/** Signs a text, and returns the armored signature that `ssh-keygen -Y sign` would make (PROTOCOL.sshsig): ed25519 has one for each text. */
export function signWithEd25519(
  { privateKey, publicKey }: Ed25519Key,
  namespace: string,
  text: string,
): string {
  const hash = createHash('sha512').update(text).digest()
  const middle = [namespace, '', 'sha512'].map(wireString)
  const signature = sign(
    null,
    Buffer.concat([Buffer.from('SSHSIG'), ...middle, wireString(hash)]),
    privateKey,
  )
  const message = Buffer.concat([
    Buffer.from('SSHSIG\0\0\0\u0001', 'latin1'),
    wireString(Buffer.from(publicKey.split(' ')[1]!, 'base64')),
    ...middle,
    wireString(Buffer.concat([KIND, signature].map(wireString))),
  ])
  return armor('SSH SIGNATURE', message)
}

const publicPartOf = (privateKey: KeyObject) =>
  Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x!, 'base64url')

const blobOf = (part: Buffer) => Buffer.concat([KIND, part].map(wireString))

const publicLine = (part: Buffer, comment: string) => `${KIND} ${blobOf(part).toString('base64')} ${comment}`

const commentOf = (publicKey: string) => publicKey.split(' ').slice(2).join(' ')

function armor(label: string, message: Buffer): string {
  const lines = message.toString('base64').match(/.{1,70}/g)!
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
