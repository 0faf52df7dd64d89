/**
 * OpenSSH signatures made by a passkey: the browser signs the text that `ssh-keygen -Y sign` would sign (PROTOCOL.sshsig), as the challenge of
 * an assertion (Web Authentication, section 5.8.1), and what it answers is wrapped as `webauthn-sk-ecdsa-sha2-nistp256@openssh.com`
 * (PROTOCOL.u2f). Pure: no DOM, so that tests run it without a browser.
 */

const KEY_TYPE = 'sk-ecdsa-sha2-nistp256@openssh.com'
const SIGNATURE_TYPE = `webauthn-${KEY_TYPE}`

type Bytes = Uint8Array<ArrayBuffer>

/** What an authenticator answered to a challenge. */
export interface Assertion {
  /** ECDSA signature in DER. */
  signature: Bytes
  authenticatorData: Bytes
  clientData: Bytes
}

const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

function joined(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const field = (content: Uint8Array | string) => {
  const bytes = typeof content === 'string' ? utf8(content) : content
  return joined(uint32(bytes.length), bytes)
}

/** The text that is signed for a statement: PROTOCOL.sshsig, with SHA-512. */
export async function preimage(namespace: string, statement: string): Promise<Bytes> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-512', utf8(statement)))
  return joined(utf8('SSHSIG'), field(namespace), field(''), field('sha512'), field(digest))
}

/** The public key as OpenSSH writes it. `point` is the uncompressed point of 65 bytes. */
export const publicKeyBlob = (point: Uint8Array, rpId: string): Bytes =>
  joined(field(KEY_TYPE), field('nistp256'), field(point), field(rpId))

/** Type and key, as they stand in a line of allowed_signers. */
export const publicKeyText = (point: Uint8Array, rpId: string) =>
  `${KEY_TYPE} ${toBase64(publicKeyBlob(point, rpId))}`

/**
 * Why a name can't begin a line of allowed_signers, where it would be a list, a pattern, a comment or an option, or would look like another one.
 * @returns null for the name of one person
 */
export function faultOfName(name: string): string | null {
  const [sign] = /[,*?!"#\\]|\p{C}|\p{Default_Ignorable_Code_Point}|(?! )\s/u.exec(name) ?? []
  if (sign !== undefined) {
    const code = sign.codePointAt(0)!
    const shown = code > 0x20 && code < 0x7f ? sign : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    return `a name in allowed_signers can’t have ${shown}; nothing was made`
  }
  return name.trim() === '' || name.length > LONGEST_NAME
    ? `a name in allowed_signers has 1 to ${LONGEST_NAME} characters; nothing was made`
    : null
}

const LONGEST_NAME = 200

/** The line of allowed_signers for one person and one key. A name with a blank is quoted, as OpenSSH reads it. */
export function signersLine(principal: string, publicKey: string): string {
  return `${principal.includes(' ') ? `"${principal}"` : principal} namespaces="cutter.*" ${publicKey}`
}

/**
 * The point of a P-256 key from its SubjectPublicKeyInfo (RFC 5480), which ends with it.
 * @throws Error when it is another kind of key
 */
export function pointOfSpki(spki: Uint8Array): Bytes {
  const point = new Uint8Array(spki.slice(-65))
  if (spki.length === 91 && point[0] === 4) return point
  throw new Error('the authenticator made a key that is not ES256 (P-256)')
}

/**
 * Point and RP id of a key as OpenSSH writes it.
 * @returns null for a key of another form
 */
export function readPublicKey(text: string): { point: Bytes; rpId: string } | null {
  const [type, base64 = ''] = text.split(' ')
  if (type !== KEY_TYPE) return null
  const bytes = fromBase64(base64)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const fields: Bytes[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint32(at)
    fields.push(bytes.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  const [, , point, rpId] = fields
  if (point?.length !== 65 || rpId === undefined) return null
  return { point, rpId: new TextDecoder().decode(rpId) }
}

const BEFORE_EXTENSIONS = 37
const HAS_EXTENSIONS = 0x80

/**
 * Wraps an assertion as an armored OpenSSH signature.
 * @throws Error when the authenticator added extension data, which Cutter takes from nobody
 */
export function wrapSignature(
  publicKey: Uint8Array,
  namespace: string,
  { signature, authenticatorData, clientData }: Assertion,
): string {
  const flags = authenticatorData[32] ?? 0
  if (authenticatorData.length !== BEFORE_EXTENSIONS || (flags & HAS_EXTENSIONS) !== 0)
    throw new Error('the authenticator added extension data to its signature, which is not accepted')
  const { origin } = JSON.parse(new TextDecoder().decode(clientData)) as { origin: string }
  const inner = joined(
    field(SIGNATURE_TYPE),
    field(joined(...integersOf(signature))),
    authenticatorData.slice(32, 37),
    field(origin),
    field(clientData),
    field(''),
  )
  const blob = joined(
    utf8('SSHSIG'),
    uint32(1),
    field(publicKey),
    field(namespace),
    field(''),
    field('sha512'),
    field(inner),
  )
  const lines = toBase64(blob).match(/.{1,70}/g) ?? []
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n')
}

/** The integers r and s of an ECDSA signature (RFC 3279, section 2.2.3), each as an mpint of SSH (RFC 4251, section 5). */
function integersOf(der: Uint8Array): [r: Bytes, s: Bytes] {
  const [r, s] = rawIntegers(der)
  return [mpint(r), mpint(s)]
}

function rawIntegers(der: Uint8Array): [r: Uint8Array, s: Uint8Array] {
  // A P-256 signature is shorter than 128 bytes, so each length is one byte.
  const lengthOfR = der[3] ?? 0
  const r = der.slice(4, 4 + lengthOfR)
  const lengthOfS = der[5 + lengthOfR] ?? 0
  const s = der.slice(6 + lengthOfR, 6 + lengthOfR + lengthOfS)
  if (der[0] !== 0x30 || der[2] !== 2 || r.length === 0 || s.length === 0)
    throw new Error('the authenticator answered a signature of an unknown form')
  return [r, s]
}

const withoutZeros = (bytes: Uint8Array) => {
  const start = bytes.findIndex((byte) => byte !== 0)
  return bytes.slice(start === -1 ? bytes.length - 1 : start)
}

function mpint(bytes: Uint8Array): Bytes {
  const short = withoutZeros(bytes)
  return field((short[0]! & 0x80) === 0 ? short : joined(new Uint8Array(1), short))
}

/** Whether a key made an assertion. It finds out which of several listed keys signed; ssh-keygen alone judges. */
export async function isMadeBy(
  point: Bytes,
  { signature, authenticatorData, clientData }: Assertion,
): Promise<boolean> {
  const kind = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await crypto.subtle.importKey('raw', point, kind, false, ['verify'])
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', clientData))
  const raw = joined(...rawIntegers(signature).map(padded))
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, raw, joined(authenticatorData, digest))
}

function padded(integer: Uint8Array): Bytes {
  const short = withoutZeros(integer)
  return joined(new Uint8Array(32 - short.length), short)
}

export const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))

export const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
