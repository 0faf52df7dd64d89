import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import { type Survey, surfaceDifferences } from '../../targets/survey.ts'
import type { DocumentRows, Target } from '../../targets/target.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { CutDeps } from './deps.ts'
import { limitDifferences, summariseDifferences } from './drift.ts'
import type { CutPlan } from './plan.ts'
import { writeUnits } from './write-units.ts'

/** Input of a probe of grants; the digests name evidence. */
interface GrantProbe {
  document: string
  target: string
  planDigest: string
  sourceDigest: string
  backupDigest: string
}

/**
 * Checks the grants, and never changes them: named facts and the digest of the grant matrix must be exactly as expected. Then the live
 * calls are rehearsed in a rehearsal database with the same functions, triggers, constraints and grants. They are checked as at commit
 * and rolled back. In a dry run the rehearsal database stays for the phases behind the gate.
 *
 * @throws Stop STOP_GRANTS_MISMATCH, STOP_REHEARSAL_NOT_REPRESENTATIVE or STOP_REHEARSAL_FAILED.
 */
export async function probeGrants(deps: CutDeps, context: EffectContext, given: GrantProbe) {
  const target = await deps.target(given.target)
  const [{ facts, wrong }, { survey }] = await Promise.all([
    target.grantFacts(context),
    target.survey(context, given.document),
  ])
  assertExpectedGrants(target, wrong, survey.grantMatrixDigest)
  const rehearsal = await createRehearsal(deps, context, target, survey, given)
  const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
  const bytes = await context.evidence(given.sourceDigest)
  await rehearse(rehearsal, context, plan, bytes)
  if (context.mode === 'live') await deps.rehearsalDatabases.drop(context.runId)
  const evidence = jsonEvidence('grants', {
    facts,
    grantMatrixDigest: survey.grantMatrixDigest,
    grants: survey.surface.grants,
  })
  return {
    output: {
      grantMatrixDigest: survey.grantMatrixDigest,
      facts: Object.keys(facts).length,
      rehearsed: plan.actions.length,
    },
    evidence: [evidence],
  }
}

function assertExpectedGrants(target: Target, wrong: string[], found: string): void {
  if (wrong.length === 0 && found === target.expectedGrantMatrixDigest) return
  const what =
    wrong.length > 0
      ? wrong.join('; ')
      : `the grant matrix has the digest ${found}, expected ${target.expectedGrantMatrixDigest}`
  throw new Stop(
    'STOP_GRANTS_MISMATCH',
    `the grants of target ${target.name} are not as expected: ${what}; nothing was changed`,
    {
      next: `cutter target survey ${target.name} lists them; correct them, or put the digest into cutter.yaml after a review`,
      data: { wrong, found, expected: target.expectedGrantMatrixDigest },
    },
  )
}

/** Creates the run's rehearsal database and asserts that it has the target's surface. */
async function createRehearsal(
  deps: CutDeps,
  context: EffectContext,
  target: Target,
  targetSurvey: Survey,
  { document, backupDigest }: GrantProbe,
): Promise<Target> {
  const rows = await readJsonEvidence<DocumentRows>(context, backupDigest)
  const rehearsal = await deps.rehearsalDatabases.create(context.runId, rows)
  const { survey } = await rehearsal.survey(context, document)
  const differences = surfaceDifferences(targetSurvey.surface, survey.surface)
  if (differences.length === 0) return rehearsal
  throw new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `a rehearsal would not be representative, because the rehearsal database differs from target ${target.name}: ${summariseDifferences(differences)}`,
    {
      next: `update the target to the schema of this version with: cutter target init ${target.name}`,
      data: { differences: limitDifferences(differences) },
    },
  )
}

async function rehearse(
  rehearsal: Target,
  context: EffectContext,
  plan: CutPlan,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await rehearsal.rehearse('executor', context, (sql) => writeUnits(sql, context, plan, bytes))
  } catch (error) {
    if (error instanceof Stop || context.signal.aborted) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new Stop(
      'STOP_REHEARSAL_FAILED',
      `the rehearsal of the live calls failed: ${why}; the target was not changed`,
      { cause: error },
    )
  }
}
