import { parseStatement } from '../approvals/statement.ts'
import { findAbandonment } from '../domain/begun-writes.ts'
import type { RunEvent } from '../domain/history-entry.ts'
import { findUsedSeq } from '../domain/history-facts.ts'
import { canonicalJson, digestOfBytes, type Json } from '../domain/json.ts'
import { RUN_ABANDONED } from '../domain/run.ts'
import { closeoutText as closeoutTextV1 } from './format-1/closeout-text.ts'
import { countedApprovals, gatePassages, type RunRecord } from './run-record.ts'

/** The SSH signature namespace of closeouts, for the instance and for people who countersign. */
export const CLOSEOUT_NAMESPACE = 'cutter.closeout'

/**
 * The end of a run as an in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md), in its
 * RFC 8785 form: the bytes that the instance signs. Its subjects are the digests of everything that the run leaves; its predicate
 * describes the outcome. The text follows from the record, the signer and the time (ISO 8601), so a checker derives it again.
 *
 * The predicate has version 1, which src/bundle/format-1 freezes, or version 2 when the run was abandoned or lists unsettled writes.
 */
export function closeoutText(record: RunRecord, signed: { signer: string; at: string }): string {
  const text = closeoutTextV1(withoutAbandonment(record), signed)
  const { unsettledWrites, history } = record
  const isAbandoned = findAbandonment(history) !== null
  if (!isAbandoned && unsettledWrites.length === 0) return text
  const statement = JSON.parse(text) as { predicate: object }
  const approvals = isAbandoned ? { approvals: decisiveApprovals(record) } : {}
  const lostEvidence = findAbandonment(history)?.lostEvidence ?? []
  const lost = lostEvidence.length === 0 ? {} : { lostEvidence }
  const predicate = { ...statement.predicate, ...approvals, unsettledWrites, ...lost }
  return canonicalJson({ ...statement, predicateType: 'urn:cutter:closeout:v2', predicate })
}

/** Version 1 knows no abandonment. To it, the entry only closes the run. */
function withoutAbandonment(record: RunRecord): RunRecord {
  const history = record.history.map((entry) => {
    if (entry.event.type !== RUN_ABANDONED) return entry
    const { approvalUsed: _, ...event } = entry.event
    return { ...entry, event: event as RunEvent }
  })
  return { ...record, history }
}

/** The approvals that count, as version 1 lists them, in the order of their ids. */
function decisiveApprovals(record: RunRecord): Json[] {
  const decisive = new Set(gatePassages(record).flatMap((passage) => countedApprovals(record, passage)))
  return record.approvals
    .filter((approval) => decisive.has(approval))
    .map(({ approvalId, kind, statementText }) => {
      const { gate, decision, approver } = parseStatement(statementText)
      return { approvalId, kind, gate, decision, approver, usedSeq: findUsedSeq(record.history, approvalId) }
    })
}

/** What a person signs who countersigns the end of a run, in its RFC 8785 form. It names the closeout by its digest. */
interface Countersignature {
  type: 'urn:cutter:countersignature:v1'
  runId: string
  closeoutDigest: string
  signer: string
  at: string
}

/**
 * The bytes that a person signs to countersign a closeout, as RFC 8785 JSON. `text` is the exact text of the closeout, which they name by
 * its digest. `at` is ISO 8601 in UTC.
 */
export function countersignatureText(
  { runId, text }: { runId: string; text: string },
  { signer, at }: { signer: string; at: string },
): string {
  const closeoutDigest = digestOfBytes(text)
  const statement: Countersignature = {
    type: 'urn:cutter:countersignature:v1',
    runId,
    closeoutDigest,
    signer,
    at,
  }
  return canonicalJson(statement)
}
