import { z } from 'zod'
import type { EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { canonicalJson } from '../../../domain/json.ts'
import type { Survey } from '../../../targets/survey.ts'
import type { Target } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { awaitBoth } from '../await-both.ts'
import type { CutDeps } from '../deps.ts'
import { governanceIds } from '../governance-ids.ts'
import { type LifecyclePlan, planLifecycle } from '../lifecycle-plan.ts'
import { backUpDocument } from '../narrow-backup.ts'
import type { CutPlan } from '../plan.ts'
import { createRehearsalCopy } from '../rehearsal-copy.ts'
import { rehearseEnactment } from '../rehearse-cut.ts'
import { signFinding, verifierIds } from '../sign-finding.ts'
import { targetWrite } from '../target-write.ts'
import { examineCut, type VerifierFinding } from '../verifier.ts'

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
 * from the state that the target then has. A live run first rehearses the enactment of that plan, so that nobody approves what cannot be
 * done.
 */
export function writeVerify(deps: CutDeps) {
  const write = async (target: Target, context: EffectContext, given: Input) => {
    const source = await deps.readSource(given.source)
    const verify = () =>
      target.write('verifier', context, async (sql) => {
        const ids = governanceIds(context.runId)
        const finding = await examineCut(sql, { ...ids, source, pinnedSha256: given.sourceSha256 })
        assertVerified(finding, given)
        await signFinding(sql, context, finding)
      })
    const planned = planEnactment(target, context, given)
    if (context.mode === 'live') {
      // A stop means that nothing of this phase remains, so the rehearsal comes before the verifier's rows.
      await rehearse(deps, target, context, given, await planned)
      await verify()
      return resultOf(context, await planned)
    }
    const [, result] = await awaitBoth(verify(), planned)
    return resultOf(context, result)
  }
  const committed = async (target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> => {
    if (!(await hasVerified(target, context))) return { outcome: 'not-committed' }
    const planned = await planEnactment(target, context, given)
    // The rehearsal came before the verifier's rows. Behind other guards than at the first gate it shows nothing, so it is done again.
    if (context.mode === 'live' && hasOtherSurface(planned))
      await rehearse(deps, target, context, given, planned)
    return { outcome: 'committed', ...resultOf(context, planned) }
  }
  return targetWrite(deps, { name: 'write_verify', input, output, write, committed })
}

/** The verifier's row proves that its transaction committed. */
function hasVerified(target: Target, context: EffectContext): Promise<boolean> {
  const { verifyResultId } = verifierIds(context.runId)
  return target.write('verifier', context, async (sql) => {
    // The row's id is the lock. If the server still executes a dead client's insert, this waits for its end.
    await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [verifyResultId])
    const found = await sql.query('select from cutter_governance.verify_result where verify_result_id = $1', [
      verifyResultId,
    ])
    return found.rowCount === 1
  })
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

interface PlannedEnactment {
  plan: CutPlan
  survey: Survey
  lifecycle: LifecyclePlan
}

async function planEnactment(
  target: Target,
  context: EffectContext,
  { cutPlanDigest, document }: Input,
): Promise<PlannedEnactment> {
  const plan = await readJsonEvidence<CutPlan>(context, cutPlanDigest)
  const { survey } = await target.survey(context, document)
  return { plan, survey, lifecycle: planLifecycle(plan, survey.units, survey.surface) }
}

const hasOtherSurface = ({ plan, survey }: PlannedEnactment) =>
  canonicalJson(plan.expected.surface) !== canonicalJson(survey.surface)

/** Rehearses the enactment in a rehearsal database with the document's rows of now. */
async function rehearse(
  deps: CutDeps,
  target: Target,
  context: EffectContext,
  { document, sourceSha256 }: Input,
  { plan, survey: { surface }, lifecycle }: PlannedEnactment,
): Promise<void> {
  const { document: rows } = await backUpDocument(target, context, document)
  const source = await context.evidence(`sha256:${sourceSha256}`)
  const copy = await createRehearsalCopy(deps, context, { target, surface, document }, rows)
  await rehearseEnactment(copy, context, { plan, source }, lifecycle)
  await deps.rehearsalDatabases.drop(context.runId)
}

function resultOf({ runId }: EffectContext, { lifecycle }: PlannedEnactment): EffectResult<Output> {
  const evidence = jsonEvidence('plan/SG2', lifecycle)
  return {
    output: {
      planDigest: evidence.digest,
      verifyResultId: verifierIds(runId).verifyResultId,
      report: { verified: true },
    },
    evidence: [evidence],
  }
}
