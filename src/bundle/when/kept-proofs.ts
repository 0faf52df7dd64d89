import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOfBytes } from '../../domain/json.ts'
import { pathOfTimeToken, WITNESSED } from '../bundle-paths.ts'
import type { RunRecord } from '../run-record.ts'
import type { Files } from '../tar.ts'

/**
 * The proofs of time that an instance has received, in `var/proofs`: each by the digest of what it is of. They are no part of a run: nothing
 * waits for them, and a run without them is as good.
 */
export type ProofKind = 'time-token' | 'log-proof'

const ENDS: { [kind in ProofKind]: string } = { 'time-token': 'tsr', 'log-proof': 'txt' }

/** @param folder `var` of the home @param digest `sha256:<64 hex>` of what the proof is of */
const fileOf = (folder: string, kind: ProofKind, digest: string) =>
  join(folder, 'proofs', `${digest.replace('sha256:', '')}.${ENDS[kind]}`)

/** Whether there is a proof of these bytes. */
export const isProofKept = (folder: string, kind: ProofKind, digest: string): boolean =>
  existsSync(fileOf(folder, kind, digest))

/** Keeps a proof: complete or not at all. */
export async function keepProof(
  folder: string,
  kind: ProofKind,
  { digest, proof }: { digest: string; proof: string | Uint8Array },
): Promise<void> {
  const file = fileOf(folder, kind, digest)
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`
  await mkdir(join(folder, 'proofs'), { recursive: true, mode: 0o700 })
  try {
    await writeFile(unfinished, proof, { mode: 0o600 })
    await rename(unfinished, file)
  } finally {
    await rm(unfinished, { force: true })
  }
}

/** The proofs that are kept of a run, by their paths in its bundle. */
export async function findKeptProofs(folder: string, record: RunRecord): Promise<Files> {
  const found: Files = new Map()
  for (const { kind, path, digest } of provenParts(record)) {
    const bytes = await readFile(fileOf(folder, kind, digest)).catch(() => null)
    if (bytes !== null) found.set(path, bytes)
  }
  return found
}

/** Removes the proofs of a run that was pruned; its bundle has them. */
export async function removeKeptProofs(folder: string, record: RunRecord): Promise<void> {
  for (const { kind, digest } of provenParts(record)) await rm(fileOf(folder, kind, digest), { force: true })
}

/** What of a run has proofs of time, where its bundle has them, and the digest of what each is of. */
export interface ProvenPart {
  kind: ProofKind
  path: string
  digest: string
  /** The id of an approval, or `closeout`. */
  of: string
}

/**
 * Lists what of a run has proofs of time: of an approval its signature, and its statement where nobody signed; of the closeout its signature for
 * time tokens, and its text for the log.
 */
export function provenParts({
  approvals,
  closeout,
}: Pick<RunRecord, 'approvals' | 'closeout'>): ProvenPart[] {
  const ofApprovals = approvals.map(({ approvalId, statementText, signature }) =>
    timeTokenOf(approvalId, signature ?? statementText),
  )
  if (closeout === null) return ofApprovals
  return [
    ...ofApprovals,
    timeTokenOf('closeout', closeout.instance.signature),
    { kind: 'log-proof', path: WITNESSED, digest: digestOfBytes(closeout.text), of: 'closeout' },
  ]
}

const timeTokenOf = (of: string, text: string): ProvenPart => ({
  kind: 'time-token',
  path: pathOfTimeToken(of),
  digest: digestOfBytes(text),
  of,
})
