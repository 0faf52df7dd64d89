import { checkpointText, type LogProof } from '../../bundle/when/log-proof.ts'
import { consistencyProof } from '../../bundle/when/merkle-tree.ts'
import {
  findCosignedTime,
  formatSignature,
  type NoteSignature,
  parseNoteKey,
  parseSignatureLines,
} from '../../domain/signed-note.ts'
import { ask } from './ask.ts'

/**
 * Asks a witness to cosign a checkpoint, by the call `add-checkpoint` of https://c2sp.org/tlog-witness. The witness answers first which beginning
 * of the log it knows, and then gets the proof that the checkpoint continues it.
 * @throws Error, which says why it does not cosign
 */
export async function askWitness(
  { url, key: text }: { url: string; key: string },
  { made, leaves, interrupt }: { made: LogProof; leaves: Buffer[]; interrupt: AbortSignal },
): Promise<NoteSignature> {
  const key = parseNoteKey(text)!
  const checkpoint = checkpointText(made)
  const send = (old: number) => {
    const proof = consistencyProof(leaves, old).map((hash) => `${hash.toString('base64')}\n`)
    const body = `old ${old}\n${proof.join('')}\n${checkpoint}\n${made.signatures.map(formatSignature).join('')}`
    return ask(`${url.replace(/\/$/, '')}/add-checkpoint`, { type: 'text/plain', body, interrupt })
  }
  let answer = await send(0)
  if (answer.status === 409) answer = await send(knownSize(answer.body, key.name, leaves.length))
  if (answer.status !== 200) throw new Error(`the witness ${key.name} answered ${describe(answer.status)}`)
  const lines = parseSignatureLines(answer.body.toString('utf8')) ?? []
  const cosigned = lines.find((line) => findCosignedTime(checkpoint, line, key) !== null)
  if (cosigned !== undefined) return cosigned
  throw new Error(`the witness ${key.name} answered without a valid cosignature of its key`)
}

function knownSize(body: Buffer, name: string, size: number): number {
  const [, known] = /^(0|[1-9]\d{0,14})\n$/.exec(body.toString('latin1')) ?? []
  if (known === undefined) throw new Error(`the witness ${name} answered a conflict without a size`)
  if (Number(known) <= size) return Number(known)
  throw new Error(
    `the witness ${name} has cosigned ${known} closeouts of this log, which has ${size}: var/closeout_log is an older copy, or another one`,
  )
}

const MEANINGS: { [status: number]: string } = {
  403: ': it does not know the key of this log; cutter doctor shows the key',
  404: ': it does not know this log; cutter doctor shows its name and key',
  409: ': it has cosigned another beginning of this log',
  422: ': it has cosigned another beginning of this log',
}
const describe = (status: number) => `${status}${MEANINGS[status] ?? ''}`
