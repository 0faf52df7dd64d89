import { canonicalJson, sha256 } from '../../domain/json.ts'
import type { RunRecord, SignedCloseout } from '../run-record.ts'
import type { Files } from '../tar.ts'
import {
  byCodeUnit,
  CLOSEOUT,
  MANIFEST,
  pathOfCountersignature,
  pathOfEvidence,
  pathOfSignature,
  pathOfStatement,
  VERIFY,
} from './paths.ts'

/** The files that a record gives in format 1. */
export function bundleFiles(record: RunRecord, verifyText: string): Files {
  const files: Files = new Map()
  const put = (path: string, content: string | Uint8Array) =>
    files.set(path, typeof content === 'string' ? Buffer.from(content) : content)

  put('genesis.json', canonicalJson(record.genesis))
  put('run.json', canonicalJson(record.run))
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
  put(VERIFY, verifyText)
  put(MANIFEST, manifestText(files))
  return files
}

function putCloseout(
  { text, instance, countersigned }: SignedCloseout,
  put: (path: string, content: string) => void,
): void {
  put(CLOSEOUT, text)
  put(pathOfSignature(CLOSEOUT), instance.signature)
  put('instance.pub', `${instance.publicKey}\n`)
  for (const { signer, text, signature } of countersigned) {
    put(pathOfCountersignature(signer), text)
    put(pathOfSignature(pathOfCountersignature(signer)), signature)
  }
}

function manifestText(files: Files): string {
  return [...files]
    .filter(([path]) => path !== MANIFEST)
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([path, bytes]) => `${sha256(bytes)}  ${path}\n`)
    .join('')
}
