import { canonicalJson, digestOfBytes } from './json.ts'

/** Content-addressed bytes that a run leaves: receipts, plans, pinned sources. Secrets never enter one. */
export interface Evidence {
  /** What it is to the run, e.g. `receipt/cut_leg_a`, `plan/SG1`, `source`. */
  name: string
  digest: string
  mediaType: string
  bytes: Uint8Array
}

export function jsonEvidence(name: string, value: unknown): Evidence {
  return bytesEvidence(name, 'application/json', Buffer.from(canonicalJson(value)))
}

/** As an entry names the evidence that it leaves, so that the chain vouches for it. */
export function evidenceNames(evidence: Evidence[]): { [name: string]: string } {
  return Object.fromEntries(evidence.map(({ name, digest }) => [name, digest]))
}

export function bytesEvidence(name: string, mediaType: string, bytes: Uint8Array): Evidence {
  return { name, digest: digestOfBytes(bytes), mediaType, bytes }
}
