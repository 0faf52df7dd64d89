import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { digestOf } from '../../../domain/json.ts'
import type { Sql, Target } from '../../../targets/target.ts'
import { awaitBoth, type CutDeps, readJsonEvidence } from '../deps.ts'
import { planLifecycle } from '../lifecycle-plan.ts'
import type { CutPlan } from '../plan.ts'
import { targetWrite } from '../target-write.ts'
import { examineCut, VERIFIER_REVISION, type VerifierFinding } from '../verifier.ts'
import { EXECUTOR_REVISION, governanceIds, insertRows } from './leg-b-record.ts'

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
 * The verifier looks by its own code path, signs what it found, and the plan of the lifecycle gate is made from what is then
 * there.
 */
export function writeVerify(deps: CutDeps): WriteEffect<Input, Output> {
  const at = async (target: Target, context: EffectContext, given: Input) => {
    const source = await deps.readSource(given.source)
    const verified = target.write('verifier', context, async (sql) => {
      const ids = governanceIds(context.runId)
      const finding = await examineCut(sql, { ...ids, source, pinnedSha256: given.sourceSha256 })
      refuseFinding(finding, given)
      await signFinding(sql, context, finding)
    })
    const [, result] = await awaitBoth(verified, resultAt(target, context, given))
    return result
  }
  return targetWrite(deps, { name: 'write_verify', input, output, write: at, committed: probeAt })
}

const verifierIds = (runId: string) => ({
  verifyResultId: `vr-${runId}`,
  verifierSignatureId: `sg-${runId}-verifier`,
})

async function probeAt(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> {
  const { verifyResultId } = verifierIds(context.runId)
  const there = await target.write('verifier', context, async (sql) => {
    // The row's own id is the lock: a dead client's insert that is still under way makes this wait for its end.
    await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [verifyResultId])
    const found = await sql.query('select from cutter_governance.verify_result where verify_result_id = $1', [
      verifyResultId,
    ])
    return found.rowCount === 1
  })
  if (!there) return { outcome: 'not-committed' }
  return { outcome: 'committed', ...(await resultAt(target, context, given)) }
}

function refuseFinding({ reassembled, arithmetic, facts }: VerifierFinding, { source }: Input): void {
  if (reassembled && arithmetic) return
  if (facts.source_is_the_pinned_one === false) {
    throw new Stop(
      'STOP_SOURCE_CHANGED',
      `${source} is no longer the file that was pinned; the units that were cut are those of the pinned one`,
      {
        next: 'put the pinned text back, then: cutter run resume <run>',
        data: { facts },
      },
    )
  }
  throw new Stop('STOP_VERIFICATION_FAILED', 'the verifier found something else than what was planned', {
    next: 'compare the facts; the units are drafts and in force for nobody',
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

async function resultAt(target: Target, context: EffectContext, given: Input): Promise<EffectResult<Output>> {
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
