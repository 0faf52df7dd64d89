import { parseStatement } from '../approvals/statement.ts'
import { canonicalJson, sha256 } from '../domain/json.ts'
import { decisiveApprovals, type RecordedApproval, type RunRecord } from './record.ts'

/** The SSH signature namespace of closeouts, for the instance and for people who countersign. */
export const CLOSEOUT_NAMESPACE = 'cutter.closeout'

/**
 * The end of a run as an in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md), in its
 * RFC 8785 form: the bytes that the instance signs. Its subjects are all that the run leaves, by digest; its predicate says in
 * words what became of it. It follows from the record alone, so a checker derives it again.
 */
export function closeoutText(record: RunRecord, signer: string): string {
  const { genesis, run, history, evidence } = record
  const decisive = decisiveApprovals(record)
  const subject = [
    { name: 'history', digest: hex(run.head) },
    { name: 'snapshot.json', digest: hex(run.snapshotDigest) },
    ...evidence.map(({ name, seq, digest }) => ({ name: `${name}@${seq}`, digest: hex(digest) })),
    ...decisive.map(({ approvalId, statementText }) => ({
      name: `approvals/${approvalId}.json`,
      digest: { sha256: sha256(statementText) },
    })),
  ]
  const { runId, machine, mode, startedBy, osUser, startedAt } = genesis
  const { version, definitionDigest, outcome, state, planDigest, output } = run
  return canonicalJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'urn:cutter:closeout:v1',
    predicate: {
      ...{ runId, machine, version, definitionDigest, mode, outcome, state, planDigest, output },
      ...{ startedBy, osUser, startedAt, closedAt: history.at(-1)!.at, signer },
      entries: history.length,
      evidence: evidence.length,
      approvals: decisive.map(summary),
    },
  })
}

const hex = (digest: string) => ({ sha256: digest.replace('sha256:', '') })

function summary({ approvalId, kind, statementText, usedSeq }: RecordedApproval) {
  const { gate, decision, approver } = parseStatement(statementText)
  return { approvalId, kind, gate, decision, approver, usedSeq }
}
