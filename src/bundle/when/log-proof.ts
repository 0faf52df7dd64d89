import { formatSignature, type NoteSignature, parseNote } from '../../domain/signed-note.ts'
import { hashLeaf, rootByInclusion } from './merkle-tree.ts'

/** A checkpoint (https://c2sp.org/tlog-checkpoint) without its signatures: what a log had at one moment. */
export interface Checkpoint {
  /** The name of the log. */
  origin: string
  /** How many leaves it had. */
  size: number
  root: Buffer
}

/** The text of a checkpoint, which log and witnesses sign. */
export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`

/** That a log holds something, with the witnesses of its checkpoint (https://c2sp.org/tlog-proof). */
export interface LogProof extends Checkpoint {
  /** The place of the leaf, from 0. */
  index: number
  /** The inclusion proof. */
  proof: Buffer[]
  signatures: NoteSignature[]
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
/** Trees of more leaves need no longer proof. */
const MOST_HASHES = 63

/** Writes a proof. */
export function formatLogProof(made: LogProof): string {
  const { index, proof, signatures } = made
  const hashes = proof.map((one) => `${one.toString('base64')}\n`).join('')
  return `${FIRST_LINE}\nindex ${index}\n${hashes}\n${checkpointText(made)}\n${signatures.map(formatSignature).join('')}`
}

/** Reads a proof as `formatLogProof` writes it. Null when it has another form. */
export function parseLogProof(text: string): LogProof | null {
  const note = parseNote(text)
  const [head = '', body = '', ...rest] = note?.text.split('\n\n') ?? []
  const [first, indexLine = '', ...hashes] = head.split('\n')
  const [, index] = /^index (0|[1-9]\d{0,14})$/.exec(indexLine) ?? []
  const [, origin, size, encoded] = /^([^\n]+)\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\n$/.exec(body) ?? []
  if (note === null || rest.length > 0 || first !== FIRST_LINE || index === undefined) return null
  if (encoded === undefined || hashes.length > MOST_HASHES) return null
  const made = {
    index: Number(index),
    proof: hashes.map((one) => Buffer.from(one, 'base64')),
    origin: origin!,
    size: Number(size),
    root: Buffer.from(encoded, 'base64'),
    signatures: note.signatures,
  }
  // Base 64 has several spellings of the same bytes. Only one of them is read.
  return formatLogProof(made) === text ? made : null
}

/** Whether the checkpoint of a proof covers this content. */
export function proves(made: LogProof, content: string | Uint8Array): boolean {
  return rootByInclusion(hashLeaf(content), made)?.equals(made.root) === true
}
