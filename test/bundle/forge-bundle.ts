import { expect } from 'vitest'
import { approvalIdOf } from '../../src/approvals/statement.ts'
import { manifestText } from '../../src/bundle/bundle-files.ts'
import { MANIFEST } from '../../src/bundle/bundle-paths.ts'
import { closeoutText } from '../../src/bundle/closeout-statement.ts'
import { findPassageFault, type RunRecord } from '../../src/bundle/run-record.ts'
import { asBuffer, type Files } from '../../src/bundle/tar.ts'
import type { Statement } from '../../src/domain/approval.ts'
import { hashEntry } from '../../src/domain/history.ts'
import { findUsedSeq, listNamedEvidence } from '../../src/domain/history-facts.ts'
import { canonicalJson, digestOfBytes } from '../../src/domain/json.ts'
import { bundleOf, filesIn, recordIn, tarOf } from './bundle-fixture.ts'

/**
 * Altered bundles, from simple changes to forged digests. The manifest reveals a changed file. With a corrected manifest the check of that
 * file reveals it. With corrected hashes the signatures reveal it, because nobody can make them again without the keys.
 */

/** Changes files of a bundle and corrects its manifest. */
export async function alter(tar: Buffer, change: (files: Files) => void): Promise<Buffer> {
  const files = new Map(await filesIn(tar))
  change(files)
  files.set(MANIFEST, Buffer.from(manifestText(files)))
  return tarOf(files)
}

/** Edits the text of the first file with that name, which must change by it. */
export function editFile(files: Files, name: string | RegExp, edit: (text: string) => string): void {
  const path = [...files.keys()].find((key) => (typeof name === 'string' ? key === name : name.test(key)))!
  const before = asBuffer(files.get(path)!).toString('latin1')
  const after = edit(before)
  expect(after).not.toBe(before)
  files.set(path, Buffer.from(after, 'latin1'))
}

/** Changes the record and corrects every digest that is not a signature: chain, head, snapshot, closeout, manifest. */
export async function forge(tar: Buffer, change: (record: RunRecord) => void): Promise<Buffer> {
  const record = await recordIn(tar)
  change(record)
  correctHashes(record)
  record.evidence = listNamedEvidence(record.history)
  if (record.closeout !== null && findPassageFault(record) === null)
    record.closeout.text = closeoutText(record, record.closeout.instance)
  return bundleOf(record, tar)
}

/** Links the entries of the record again, and derives the facts of its run from the last one. */
export function correctHashes(record: RunRecord): void {
  const { history, run: facts } = record
  let previousHash = history[0]!.previousHash
  const fits = facts.gateSeq !== null && history[facts.gateSeq - 1]?.hash === facts.gateHead
  for (const [index, { hash: _, ...entry }] of history.entries()) {
    const linked = { ...entry, seq: index + 1, previousHash }
    previousHash = hashEntry(linked)
    history[index] = { ...linked, hash: previousHash }
  }
  if (fits) facts.gateHead = history[facts.gateSeq! - 1]!.hash
  const { seq, hash: head, at: updatedAt, state, status, snapshotDigest } = history.at(-1)!
  Object.assign(facts, { seq, head, updatedAt, state, status, snapshotDigest })
}

/** The approvals of the record, in the order of the entries that used them. */
export const approvalsInOrderOfUse = ({ approvals, history }: RunRecord) =>
  [...approvals].sort((a, b) => findUsedSeq(history, a.approvalId)! - findUsedSeq(history, b.approvalId)!)

/** The entry by which the run passed its last gate. */
export const lastDecision = ({ history }: RunRecord) =>
  history.findLast(({ event }) => event.type === 'APPROVE')!

/** Changes the policy that the last decision records. */
export const changePolicy = (change: object) => (record: RunRecord) => {
  const { event } = lastDecision(record)
  const old = record.bytes.get(event.policyDigest as string)!
  const bytes = Buffer.from(canonicalJson({ ...JSON.parse(Buffer.from(old).toString()), ...change }))
  record.bytes.set(digestOfBytes(bytes), bytes)
  event.policyDigest = digestOfBytes(bytes)
  event.evidence = { ...(event.evidence as object), 'policy/SG2': digestOfBytes(bytes) }
}

/** Edits the statement of the approval at the second gate. Its signature stays, because the forger does not have the key. */
export function restate(record: RunRecord, changes: Partial<Statement>): void {
  const approval = approvalsInOrderOfUse(record)[1]!
  const text = canonicalJson({ ...(JSON.parse(approval.statementText) as Statement), ...changes })
  const id = approvalIdOf(text)
  renameApproval(record, approval.approvalId, id)
  Object.assign(approval, { statementText: text, approvalId: id })
  record.approvals.sort((a, b) => (a.approvalId < b.approvalId ? -1 : 1))
}

/** Names another approval in every entry that names one. */
export function renameApproval(record: RunRecord, from: string, to: string): void {
  record.history = JSON.parse(JSON.stringify(record.history).replaceAll(from, to))
}
