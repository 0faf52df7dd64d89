import { join } from 'node:path'
import { computeFingerprint } from '../../../src/approvals/openssh/allowed-signers.ts'
import { signText } from '../../../src/approvals/openssh/sign-text.ts'
import { approvalIdOf } from '../../../src/approvals/statement.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from '../../../src/bundle/closeout-statement.ts'
import { findPassageFault, type RunRecord } from '../../../src/bundle/run-record.ts'
import type { Statement } from '../../../src/domain/approval.ts'
import { genesisHash } from '../../../src/domain/history.ts'
import { listNamedEvidence } from '../../../src/domain/history-facts.ts'
import { canonicalJson } from '../../../src/domain/json.ts'
import { type Bundles, bundleOf, recordIn } from '../../bundle/bundle-fixture.ts'
import {
  approvalsInOrderOfUse,
  correctHashes,
  lastDecision,
  renameApproval,
} from '../../bundle/forge-bundle.ts'

/** A bundle that somebody forged, or whose checker has other files, and the exit code that both verifiers must give. */
export interface Forgery {
  name: string
  tar: Buffer
  /** The text of the checker's allowed_signers. Left out: alice and the instance. Null: none is given. */
  signers?: string | null
  revoked?: string
  args?: string[]
  exit: 0 | 1 | 3
}

/** What forgeries are made of. */
export interface Good {
  at: Bundles
  /** A live cut that alice approved. */
  tar: Buffer
  /** The same with two approvers for each gate. */
  quorum: { at: Bundles; tar: Buffer }
  /** Type and key of the instance. */
  instance: string
}

/** The operator of the instance has its key, and signs a forged end again. */
export async function sealed(
  at: Bundles,
  tar: Buffer,
  change: (record: RunRecord) => void | Promise<void>,
): Promise<Buffer> {
  const record = await recordIn(tar)
  await change(record)
  record.history[0]!.previousHash = genesisHash(record.genesis)
  correctHashes(record)
  record.evidence = listNamedEvidence(record.history)
  const { instance } = record.closeout!
  if (findPassageFault(record) === null) record.closeout!.text = closeoutText(record, instance)
  const keyFile = join(at.sealing.folder, 'instance_key')
  instance.signature = await signText({ text: record.closeout!.text, keyFile, namespace: CLOSEOUT_NAMESPACE })
  return bundleOf(record, tar)
}

/** Replaces the last approval by one that a key signs. The history names it and its key. */
export async function signedBy(
  at: Bundles,
  record: RunRecord,
  keyName: string,
  changes: Partial<Statement>,
  keyFile = at.keys.path(keyName),
): Promise<void> {
  const approval = approvalsInOrderOfUse(record).at(-1)!
  const statement = { ...(JSON.parse(approval.statementText) as Statement), ...changes }
  const text = canonicalJson(statement)
  const id = approvalIdOf(text)
  const namespace = `cutter.cut.${statement.gate}`
  const signature = await signText({ text, keyFile, namespace })
  renameApproval(record, approval.approvalId, id)
  Object.assign(approval, { statementText: text, approvalId: id, signature })
  record.approvals.sort((a, b) => (a.approvalId < b.approvalId ? -1 : 1))
  const fingerprint = computeFingerprint(at.keys.publicKey(keyName))
  const { event } = lastDecision(record)
  Object.assign(event.vouched as object, { fingerprint })
  Object.assign((event.counted as object[])[0]!, { fingerprint, approvalId: id })
}

/** The letters of a text in full width, which NFKC folds. */
export const fullWidth = (text: string) =>
  text.replace(/[A-Za-z]/g, (letter) => String.fromCodePoint(letter.codePointAt(0)! + 0xfee0))
