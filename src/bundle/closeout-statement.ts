import { parseStatement } from '../approvals/statement.ts'
import { findUsedSeq } from '../domain/history-facts.ts'
import { canonicalJson, digestOfBytes, sha256 } from '../domain/json.ts'
import type { HistoryEntry } from '../domain/run.ts'
import { pathOfSignature, pathOfStatement } from './bundle-paths.ts'
import { decisiveApprovals, type RecordedApproval, type RunRecord } from './run-record.ts'

/** The SSH signature namespace of closeouts, for the instance and for people who countersign. */
export const CLOSEOUT_NAMESPACE = 'cutter.closeout'

/**
 * The end of a run as an in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md), in its
 * RFC 8785 form: the bytes that the instance signs. Its subjects are all that the run leaves, by digest; its predicate says in
 * words what became of it. It follows from the record, who signs it and when, so a checker derives it again.
 */
export function closeoutText(record: RunRecord, { signer, at }: { signer: string; at: string }): string {
  const { genesis, run, history, evidence, approvals } = record
  const file = (name: string, text: string) => ({ name, digest: { sha256: sha256(text) } })
  const subject = [
    { name: 'history', digest: hex(run.head) },
    { name: 'snapshot.json', digest: hex(run.snapshotDigest) },
    ...evidence.map(({ name, seq, digest }) => ({ name: `${name}@${seq}`, digest: hex(digest) })),
    ...approvals.flatMap(({ approvalId, statementText, signature }) => {
      const path = pathOfStatement(approvalId)
      const signed = signature === null ? [] : [file(pathOfSignature(path), signature)]
      return [file(path, statementText), ...signed]
    }),
  ]
  const { runId, machine, mode, startedBy, osUser, startedAt } = genesis
  const { version, definitionDigest, outcome, state, planDigest, output } = run
  return canonicalJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'urn:cutter:closeout:v1',
    predicate: {
      ...{ runId, machine, version, definitionDigest, mode, outcome, state, planDigest, output },
      ...{ startedBy, osUser, startedAt, closedAt: history.at(-1)!.at, signer, signedAt: at },
      entries: history.length,
      evidence: evidence.length,
      approvals: decisiveApprovals(record).map((approval) => summary(history, approval)),
    },
  })
}

const hex = (digest: string) => ({ sha256: digest.replace('sha256:', '') })

function summary(history: HistoryEntry[], { approvalId, kind, statementText }: RecordedApproval) {
  const { gate, decision, approver } = parseStatement(statementText)
  return { approvalId, kind, gate, decision, approver, usedSeq: findUsedSeq(history, approvalId) }
}

/** What a person signs who puts their own name under the end of a run, in its RFC 8785 form: the closeout by its digest. */
export interface Countersignature {
  type: 'urn:cutter:countersignature:v1'
  runId: string
  closeoutDigest: string
  signer: string
  at: string
}

export function countersignatureText(
  { runId, text }: { runId: string; text: string },
  { signer, at }: { signer: string; at: string },
): string {
  const closeoutDigest = digestOfBytes(text)
  const said: Countersignature = {
    type: 'urn:cutter:countersignature:v1',
    runId,
    closeoutDigest,
    signer,
    at,
  }
  return canonicalJson(said)
}
