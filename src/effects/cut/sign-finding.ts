import type { EffectContext } from '../../domain/effect.ts'
import { digestOf } from '../../domain/json.ts'
import type { Sql } from '../../targets/target.ts'
import { EXECUTOR_REVISION, governanceIds } from './governance-ids.ts'
import { insertRows } from './governance-rows.ts'
import { VERIFIER_REVISION, type VerifierFinding } from './verifier.ts'

/** Derives the ids of the verifier's two rows from the run, so that a second attempt cannot write them twice. */
export const verifierIds = (runId: string) => ({
  verifyResultId: `vr-${runId}`,
  verifierSignatureId: `sg-${runId}-verifier`,
})

/** Writes the verifier's result and its signature, as the verifier. The row's id is the lock. */
export async function signFinding(
  sql: Sql,
  { runId }: EffectContext,
  finding: VerifierFinding,
): Promise<void> {
  const { changeSetId, envelopeId, executorSignatureId } = governanceIds(runId)
  const { verifyResultId, verifierSignatureId } = verifierIds(runId)
  await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [verifyResultId])
  const { rows } = await sql.query<{ id: string }>(
    'select review_decision_id as id from cutter_governance.review_decision where manifest_id = $1',
    [envelopeId],
  )
  await insertRows(sql, 'cutter_governance.verify_result', [
    {
      verify_result_id: verifyResultId,
      change_set_id: changeSetId,
      manifest_id: envelopeId,
      review_decision_id: rows[0]!.id,
      executor_signature_id: executorSignatureId,
      verifier_signature_id: verifierSignatureId,
      executor_tool_revision: EXECUTOR_REVISION,
      verifier_tool_revision: VERIFIER_REVISION,
      verify_kind: 'write',
      axis_1_status: 'pass',
      axis_2_status: 'pass',
      verdict: 'pass',
      state: 'final',
      canonicalization_rule_used: 'RFC 8785',
    },
  ])
  await insertRows(sql, 'cutter_governance.dot_pair_signature', [
    {
      signature_id: verifierSignatureId,
      signature_kind: 'verifier',
      signer_dot_id: 'cutter-verifier',
      signer_identity: `cutter/${runId}`,
      signer_tool_revision: VERIFIER_REVISION,
      payload_hash: digestOf(finding.facts),
      cross_reference_verify_result_id: verifyResultId,
    },
  ])
}
