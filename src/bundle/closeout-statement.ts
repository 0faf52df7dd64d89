import { canonicalJson, digestOfBytes } from '../domain/json.ts'
import { closeoutText as closeoutTextV1 } from './format-1/closeout-text.ts'
import type { RunRecord } from './run-record.ts'

/** The SSH signature namespace of closeouts, for the instance and for people who countersign. */
export const CLOSEOUT_NAMESPACE = 'cutter.closeout'

/**
 * The end of a run as an in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md), in its
 * RFC 8785 form: the bytes that the instance signs. Its subjects are the digests of everything that the run leaves; its predicate
 * describes the outcome. The text follows from the record, the signer and the time (ISO 8601), so a checker derives it again.
 *
 * The predicate has version 1, which src/bundle/format-1 freezes, or version 2 when the run lists unsettled writes.
 */
export function closeoutText(record: RunRecord, signed: { signer: string; at: string }): string {
  const text = closeoutTextV1(record, signed)
  const { unsettledWrites } = record
  if (unsettledWrites.length === 0) return text
  const statement = JSON.parse(text) as { predicate: object }
  const predicate = { ...statement.predicate, unsettledWrites }
  return canonicalJson({ ...statement, predicateType: 'urn:cutter:closeout:v2', predicate })
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
