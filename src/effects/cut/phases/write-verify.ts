import { z } from 'zod'
import type { EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { digestOf } from '../../../domain/json.ts'
import type { Sql, Target } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { awaitBoth } from '../await-both.ts'
import type { CutDeps } from '../deps.ts'
import { EXECUTOR_REVISION, governanceIds } from '../governance-ids.ts'
import { insertRows } from '../governance-rows.ts'
import { planLifecycle } from '../lifecycle-plan.ts'
import type { CutPlan } from '../plan.ts'
import { targetWrite } from '../target-write.ts'
import { examineCut, VERIFIER_REVISION, type VerifierFinding } from '../verifier.ts'

const input = z.object({
  document: z.string(),
  source: z.string(),
  target: z.string(),
  sourceSha256: z.string(),
  cutPlanDigest: z.string(),
})
const output = z.looseObject({ planDigest: z.string(), verifyResultId: z.string() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/**
 * Phase `write_verify`: the verifier examines the cut by its own code path and signs its finding. The plan of the lifecycle gate is made
 * from the state that the target then has.
 */
export function writeVerify(deps: CutDeps) {
  const write = async (target: Target, context: EffectContext, given: Input) => {
    const source = await deps.readSource(given.source)
    const verified = target.write('verifier', context, async (sql) => {
      const ids = governanceIds(context.runId)
      const finding = await examineCut(sql, { ...ids, source, pinnedSha256: given.sourceSha256 })
      assertVerified(finding, given)
      await signFinding(sql, context, finding)
    })
    const [, result] = await awaitBoth(verified, planLifecycleResult(target, context, given))
    return result
  }
  return targetWrite(deps, { name: 'write_verify', input, output, write, committed })
}

const verifierIds = (runId: string) => ({
  verifyResultId: `vr-${runId}`,
  verifierSignatureId: `sg-${runId}-verifier`,
})

/** The verifier's row proves that its transaction committed. */
async function committed(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> {
  const { verifyResultId } = verifierIds(context.runId)
  const exists = await target.write('verifier', context, async (sql) => {
    // The row's id is the lock. If the server still executes a dead client's insert, this waits for its end.
    await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [verifyResultId])
    const found = await sql.query('select from cutter_governance.verify_result where verify_result_id = $1', [
      verifyResultId,
    ])
    return found.rowCount === 1
  })
  if (!exists) return { outcome: 'not-committed' }
  return { outcome: 'committed', ...(await planLifecycleResult(target, context, given)) }
}

function assertVerified({ reassembled, arithmetic, facts }: VerifierFinding, { source }: Input): void {
  if (reassembled && arithmetic) return
  if (facts.source_is_the_pinned_one === false) {
    throw new Stop(
      'STOP_SOURCE_CHANGED',
      `${source} has changed since it was pinned; the written units are those of the pinned text`,
      {
        next: 'restore the pinned text, then: cutter run resume <run>',
        data: { facts },
      },
    )
  }
  throw new Stop('STOP_VERIFICATION_FAILED', 'the verifier found a state that differs from the plan', {
    next: 'compare the facts; the units are drafts and not in force',
    data: { facts },
  })
}

async function signFinding(sql: Sql, { runId }: EffectContext, finding: VerifierFinding): Promise<void> {
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

async function planLifecycleResult(
  target: Target,
  context: EffectContext,
  given: Input,
): Promise<EffectResult<Output>> {
  const plan = await readJsonEvidence<CutPlan>(context, given.cutPlanDigest)
  const { survey } = await target.survey(context, given.document)
  const lifecycle = jsonEvidence('plan/SG2', planLifecycle(plan, survey.units, survey.surface))
  return {
    output: {
      planDigest: lifecycle.digest,
      verifyResultId: verifierIds(context.runId).verifyResultId,
      report: { verified: true },
    },
    evidence: [lifecycle],
  }
}
