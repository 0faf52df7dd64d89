import { createPublicKey } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureInstanceKey } from '../../approvals/instance-key.ts'
import { checkpointText, type LogProof } from '../../bundle/when/log-proof.ts'
import { hashLeaf, inclusionProof, rootOf } from '../../bundle/when/merkle-tree.ts'
import { type NoteKey, type NoteSignature, signNote } from '../../domain/signed-note.ts'

/**
 * The log of the closeouts of one instance, `var/closeout_log`: a line for each, with the hash of its leaf and the id of the run. It is only appended
 * to. A witness has cosigned its beginning, so a line that is lost or changed is noticed.
 */
export interface InstanceLog {
  /** The hashes of the leaves, in their order. */
  leaves: Buffer[]
  /** The place of the closeout, from 0. */
  index: number
}

/** @param folder `var` of the home */
export const instanceLogFile = (folder: string) => join(folder, 'closeout_log')

/**
 * Appends a closeout to the log unless it is there. The caller holds the lock of the log. When this resolves, the line is on the disk.
 * @param text the closeout
 */
export async function appendToLog(folder: string, runId: string, text: string): Promise<InstanceLog> {
  const leaf = hashLeaf(text)
  const file = await open(instanceLogFile(folder), 'a+', 0o600)
  try {
    const leaves = await readLeaves(file)
    const known = leaves.findIndex((one) => one.equals(leaf))
    if (known >= 0) return { leaves, index: known }
    await file.appendFile(`${leaf.toString('hex')} ${runId}\n`)
    await file.sync()
    return { leaves: [...leaves, leaf], index: leaves.length }
  } finally {
    await file.close()
  }
}

/** A line that a crash cut short was never sent to a witness. It is removed, so that the next one stands by itself. */
async function readLeaves(file: FileHandle): Promise<Buffer[]> {
  const text = (await file.readFile()).toString('latin1')
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  if (complete.length < text.length) await file.truncate(complete.length)
  return complete
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line.slice(0, 64), 'hex'))
}

/** The key with which an instance signs the checkpoints of its log: that of its closeouts, under the name of the log. */
export async function logKeyOf(folder: string, host: string, origin: string) {
  const { privateKey } = await ensureInstanceKey(folder, host)
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  const key: NoteKey = { name: origin, type: 'log', key: Buffer.from(x!, 'base64url') }
  return { key, privateKey }
}

/** The proof that the log holds a closeout now, signed by the log alone. */
export function proveInLog(
  { leaves, index }: InstanceLog,
  { key, privateKey }: Awaited<ReturnType<typeof logKeyOf>>,
): LogProof & { own: NoteSignature } {
  const checkpoint = { origin: key.name, size: leaves.length, root: rootOf(leaves) }
  const own = signNote(checkpointText(checkpoint), key, privateKey)
  return { ...checkpoint, index, proof: inclusionProof(leaves, index), signatures: [own], own }
}
