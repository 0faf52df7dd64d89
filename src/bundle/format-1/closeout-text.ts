import type { HistoryEntry } from '../../domain/history-entry.ts'
import { canonicalJson, sha256 } from '../../domain/json.ts'
import type { RecordedApproval, RunRecord } from '../run-record.ts'
import { readStatement, usedSeqOf } from './facts.ts'
import { countedAt, passagesIn } from './gate-passages.ts'
import { pathOfSignature, pathOfStatement } from './paths.ts'

/**
 * The closeout of the kind `urn:cutter:closeout:v1`: an in-toto Statement v1
 * (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) in its RFC 8785 form.
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
      runId,
      machine,
      version,
      definitionDigest,
      mode,
      outcome,
      state,
      planDigest,
      output,
      startedBy,
      osUser,
      startedAt,
      closedAt: history.at(-1)!.at,
      signer,
      signedAt: at,
      entries: history.length,
      evidence: evidence.length,
      approvals: decisiveApprovals(record).map((approval) => summary(history, approval)),
    },
  })
}

const hex = (digest: string) => ({ sha256: digest.replace('sha256:', '') })

function decisiveApprovals(record: RunRecord): RecordedApproval[] {
  const decisive = new Set(passagesIn(record).flatMap((passage) => countedAt(record, passage)))
  return record.approvals.filter((approval) => decisive.has(approval))
}

function summary(history: HistoryEntry[], { approvalId, kind, statementText }: RecordedApproval) {
  const { gate, decision, approver } = readStatement(statementText)
  return { approvalId, kind, gate, decision, approver, usedSeq: usedSeqOf(history, approvalId) }
}
