import { canonicalJson, sha256 } from '../domain/json.ts'
import {
  byCodeUnit,
  CLOSEOUT,
  MANIFEST,
  pathOfCountersignature,
  pathOfEvidence,
  pathOfRotation,
  pathOfSignature,
  pathOfStatement,
  RUN,
  VERIFY,
} from './bundle-paths.ts'
import { formatOf, type RunRecord, type SignedCloseout } from './run-record.ts'
import type { Files } from './tar.ts'

/**
 * The files of an evidence bundle of format 2, 3 or 4, by path. JSON is in its RFC 8785 form without a final newline. The exceptions are the
 * snapshot, which is as stored, and the history, which has one entry on each line. A checker reads the files into a record and makes
 * the files again, so each byte follows from the record.
 */
export function bundleFiles(record: RunRecord, verifyText: string): Files {
  const files: Files = new Map()
  const put = (path: string, content: string | Uint8Array) =>
    files.set(path, typeof content === 'string' ? Buffer.from(content) : content)

  put('genesis.json', canonicalJson(record.genesis))
  put(RUN, runText(record))
  put('history.jsonl', record.history.map((entry) => `${canonicalJson(entry)}\n`).join(''))
  put('snapshot.json', record.snapshot)
  for (const row of record.evidence) {
    const bytes = record.bytes.get(row.digest)
    if (bytes !== undefined) put(pathOfEvidence(row), bytes)
  }
  for (const { approvalId, statementText, signature } of record.approvals) {
    put(pathOfStatement(approvalId), statementText)
    if (signature !== null) put(pathOfSignature(pathOfStatement(approvalId)), signature)
  }
  if (record.closeout !== null) putCloseout(record.closeout, put)
  for (const [path, bytes] of record.optionalParts) put(path, bytes)
  put(VERIFY, verifyText)
  put(MANIFEST, manifestText(files))
  return files
}

/** The record file: the facts of the run, the format of the bundle, and the wording of its VERIFY.md. */
function runText(record: RunRecord): string {
  const { run, instructions, unsettledWrites } = record
  const numbers = { format: formatOf(record), instructions }
  return canonicalJson(
    unsettledWrites.length === 0 ? { ...run, ...numbers } : { ...run, ...numbers, unsettledWrites },
  )
}

function putCloseout(
  { text, instance, countersigned, rotations = [] }: SignedCloseout,
  put: (path: string, content: string) => void,
): void {
  put(CLOSEOUT, text)
  put(pathOfSignature(CLOSEOUT), instance.signature)
  put('instance.pub', `${instance.publicKey}\n`)
  for (const rotation of rotations) put(pathOfRotation(rotation.statementText), canonicalJson(rotation))
  for (const { signer, text, signature } of countersigned) {
    put(pathOfCountersignature(signer), text)
    put(pathOfSignature(pathOfCountersignature(signer)), signature)
  }
}

/** The manifest of all other files, as `sha256sum` prints and checks it. */
export function manifestText(files: Files): string {
  return [...files]
    .filter(([path]) => path !== MANIFEST)
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([path, bytes]) => `${sha256(bytes)}  ${path}\n`)
    .join('')
}
