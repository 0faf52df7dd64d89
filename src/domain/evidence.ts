import { findNotJson } from './find-not-json.ts'
import { canonicalJson, digestOfBytes } from './json.ts'

/** Content-addressed bytes of a run: receipts, plans, pinned sources. No evidence holds a secret. */
export interface Evidence {
  /** Its name in the run, e.g. `receipt/cut_leg_a`, `plan/SG1`, `source`. */
  name: string
  digest: string
  mediaType: string
  bytes: Uint8Array
}

/**
 * Makes evidence of a value, as RFC 8785 JSON. `name` is its name in the run, such as `receipt/cut_leg_a`. Equal values have equal digests.
 * @throws TypeError for a value that JSON cannot hold, such as a Date or a BigInt; it names the field
 */
export function jsonEvidence(name: string, value: unknown): Evidence {
  const fault = findNotJson(value, '')
  if (fault !== null) throw new TypeError(`${name} is no JSON: ${fault}`)
  return bytesEvidence(name, 'application/json', Buffer.from(canonicalJson(value)))
}

/** Evidence as a history entry names it: digests by name. So the hash chain covers the evidence. */
export function evidenceNames(evidence: Evidence[]): { [name: string]: string } {
  return Object.fromEntries(evidence.map(({ name, digest }) => [name, digest]))
}

/** Makes evidence of bytes as they are. `name` is its name in the run, such as `source`; the digest is their SHA-256. */
export function bytesEvidence(name: string, mediaType: string, bytes: Uint8Array): Evidence {
  return { name, digest: digestOfBytes(bytes), mediaType, bytes }
}
