import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/**
 * Security keys and passkeys in software: their public keys and signatures by PROTOCOL.u2f and PROTOCOL.sshsig of OpenSSH, so that the real
 * ssh-keygen verifies them. The flags, the counter and the web page are what a test wants them to be.
 */

export interface SecurityKey {
  /** Key type and key, as they stand in a line of allowed_signers. */
  publicKey: string
  /** Returns the armored signature of a text. */
  sign(text: string, namespace: string, use?: SecurityKeySignature): string
  /** Returns the signature of bytes as an agent gives it. */
  signBytes(message: Buffer): Buffer
}

export interface SecurityKeySignature {
  /** 1 user present, 4 user verified, 0x80 extensions. */
  flags?: number
  counter?: number
  /** Makes a WebAuthn signature, as a browser does on a page of this origin. */
  origin?: string
  /** Fields of the client data after `origin`, as JSON text. */
  clientDataEnd?: string
  /** Extensions of a WebAuthn signature, which need the flag 0x80. */
  extensions?: Buffer
}

type KeyKind = 'ecdsa' | 'ed25519'

/** Makes a key of a kind for an application: `ssh:` for ssh-keygen, the RP id for a browser. */
export function makeSecurityKey(kind: KeyKind, application = 'ssh:'): SecurityKey {
  const { privateKey } =
    kind === 'ecdsa' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  const type = kind === 'ecdsa' ? 'sk-ecdsa-sha2-nistp256@openssh.com' : 'sk-ssh-ed25519@openssh.com'
  const blob = Buffer.concat([string(type), ...pointOf(privateKey, kind), string(application)])
  return {
    publicKey: `${type} ${blob.toString('base64')}`,
    signBytes: (message) => signatureOf({ kind, type, application, privateKey, message }, {}),
    sign(text, namespace, use = {}) {
      const message = Buffer.concat([
        Buffer.from('SSHSIG'),
        ...signedFields(namespace),
        string(sha('sha512', text)),
      ])
      const signature = signatureOf({ kind, type, application, privateKey, message }, use)
      const blobs = [uint32(1), string(blob), ...signedFields(namespace), string(signature)]
      return armor(Buffer.concat([Buffer.from('SSHSIG'), ...blobs]))
    },
  }
}

interface Signing {
  kind: KeyKind
  type: string
  application: string
  privateKey: KeyObject
  message: Buffer
}

function signatureOf(signing: Signing, use: SecurityKeySignature): Buffer {
  const { kind, type, application, privateKey, message } = signing
  const {
    flags = 1,
    counter = 7,
    origin,
    clientDataEnd = ',"crossOrigin":false',
    extensions = Buffer.alloc(0),
  } = use
  const challenge = `{"type":"webauthn.get","challenge":"${message.toString('base64url')}","origin":"${origin}"`
  const clientData = Buffer.from(`${challenge}${clientDataEnd}}`)
  const asked = origin === undefined ? message : clientData
  const facts = [Buffer.from([flags]), uint32(counter)]
  const signed = Buffer.concat([sha('sha256', application), ...facts, extensions, sha('sha256', asked)])
  const made =
    kind === 'ecdsa'
      ? integersOf(sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
      : sign(null, signed, privateKey)
  if (origin === undefined) return Buffer.concat([string(type), string(made), ...facts])
  const page = [string(origin), string(clientData), string(extensions)]
  return Buffer.concat([string(`webauthn-${type}`), string(made), ...facts, ...page])
}

function pointOf(privateKey: KeyObject, kind: KeyKind): Buffer[] {
  const { x = '', y = '' } = createPublicKey(privateKey).export({ format: 'jwk' }) as {
    x?: string
    y?: string
  }
  const [first, second] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  return kind === 'ecdsa'
    ? [string('nistp256'), string(Buffer.concat([Buffer.from([4]), first, second]))]
    : [string(first)]
}

const signedFields = (namespace: string) => [string(namespace), string(''), string('sha512')]

const sha = (algorithm: string, data: string | Buffer) => createHash(algorithm).update(data).digest()

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function string(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string)
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** Two integers of 32 bytes each, as SSH writes them: without leading zeros, never negative. */
function integersOf(pair: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const start = bytes.findIndex((byte) => byte !== 0)
    const short = bytes.subarray(start)
    return string((short[0]! & 0x80) === 0 ? short : Buffer.concat([Buffer.from([0]), short]))
  }
  return Buffer.concat([integer(pair.subarray(0, 32)), integer(pair.subarray(32))])
}

function armor(blob: Buffer): string {
  const lines = blob.toString('base64').match(/.{1,70}/g)!
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n')
}
