/** Digests as a store keeps them: 32 bytes instead of `sha256:` and 64 hex digits. */

const PREFIX = 'sha256:'
const DIGEST = /^sha256:[0-9a-f]{64}$/

/** The 32 bytes of a digest. Any other text stays as it is, so that reading gives back exactly what was kept. */
export function digestBytes(digest: string): Uint8Array | string {
  return DIGEST.test(digest) ? Buffer.from(digest.slice(PREFIX.length), 'hex') : digest
}

/** The text of a digest that a column holds in either form. */
export function digestText(value: unknown): string {
  if (!(value instanceof Uint8Array)) return value as string
  return `${PREFIX}${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
}
