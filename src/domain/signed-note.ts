import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/**
 * Signed notes of C2SP (https://c2sp.org/signed-note) with Ed25519 keys, and the cosignatures of witnesses on them
 * (https://c2sp.org/tlog-cosignature).
 */

/** The types of signatures. */
const TYPES = { log: 1, witness: 4 } as const
type KeyType = keyof typeof TYPES

/** A public key that signs notes under a name. */
export interface NoteKey {
  name: string
  type: KeyType
  /** The 32 bytes of an Ed25519 key. */
  key: Buffer
}

/** A signature line of a note. */
export interface NoteSignature {
  name: string
  /** The id of the key, four bytes in hex. */
  keyId: string
  signature: Buffer
}

/** The id of a key: it finds the key of a signature, and proves nothing. */
function keyIdOf({ name, type, key }: NoteKey): string {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([TYPES[type]]))
    .update(key)
    .digest('hex')
    .slice(0, 8)
}

/** The text of a verifier key, `<name>+<id>+<base64>`, as the operators of logs and witnesses exchange it. */
export const formatNoteKey = (key: NoteKey): string =>
  `${key.name}+${keyIdOf(key)}+${Buffer.concat([Buffer.from([TYPES[key.type]]), key.key]).toString('base64')}`

/** Reads a verifier key. Null when it is none of Ed25519, or its id is not that of its name and key. */
export function parseNoteKey(text: string): NoteKey | null {
  const [, name, keyId, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
  if (encoded === undefined) return null
  const bytes = Buffer.from(encoded, 'base64')
  const type = (Object.keys(TYPES) as KeyType[]).find((one) => TYPES[one] === bytes[0])
  if (type === undefined || bytes.length !== 33) return null
  const key = { name: name!, type, key: bytes.subarray(1) }
  return keyIdOf(key) === keyId ? key : null
}

/** Separates the text of a note from its signatures. Null when it has none, or a line of another form. */
export function parseNote(note: string): { text: string; signatures: NoteSignature[] } | null {
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) return null
  const signatures = parseSignatureLines(note.slice(end + 2))
  return signatures === null ? null : { text: note.slice(0, end + 1), signatures }
}

/** Reads signature lines. Null when there is none, or one of another form. */
export function parseSignatureLines(lines: string): NoteSignature[] | null {
  const read = lines
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, name, encoded] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
      const bytes = Buffer.from(encoded ?? '', 'base64')
      if (name === undefined || bytes.length < 5) return null
      return { name, keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) }
    })
  return read.length === 0 || read.includes(null) ? null : (read as NoteSignature[])
}

/** Writes a signature as a line of a note. */
export const formatSignature = ({ name, keyId, signature }: NoteSignature): string =>
  `\u2014 ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`

/** Signs the text of a note as a log does. */
export function signNote(text: string, key: NoteKey, privateKey: KeyObject): NoteSignature {
  return { name: key.name, keyId: keyIdOf(key), signature: sign(null, Buffer.from(text), privateKey) }
}

/**
 * The time at which a witness cosigned the text of a note, in seconds since 1970. Null when the signature is not of this key, or not valid.
 */
export function findCosignedTime(text: string, made: NoteSignature, key: NoteKey): number | null {
  if (key.type !== 'witness' || made.name !== key.name || made.keyId !== keyIdOf(key)) return null
  if (made.signature.length !== 72) return null
  const time = made.signature.readBigUInt64BE()
  // No later time can be written as a date.
  if (time > 8_640_000_000_000n) return null
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`)
  return verify(null, message, publicKeyOf(key), made.signature.subarray(8)) ? Number(time) : null
}

const publicKeyOf = ({ key }: NoteKey) =>
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }, format: 'jwk' })
