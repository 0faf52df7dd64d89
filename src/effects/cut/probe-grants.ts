import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { DocumentRows, Target } from '../../targets/target.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { CutDeps } from './deps.ts'
import type { CutPlan } from './plan.ts'
import { createRehearsalCopy } from './rehearsal-copy.ts'
import { rehearseCut, rehearseLegA } from './rehearse-cut.ts'

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
 * calls are rehearsed in a rehearsal database with the same functions, triggers, constraints and indexes. A live run rehearses every
 * write of both gates. A dry run rehearses leg A and rolls it back, because its later phases make all the calls there.
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
  const { document } = given
  const rows = await readJsonEvidence<DocumentRows>(context, given.backupDigest)
  const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
  const source = await context.evidence(given.sourceDigest)
  const copy = await createRehearsalCopy(deps, context, { target, surface: survey.surface, document }, rows)
  if (context.mode === 'live') {
    await rehearseCut(copy, context, { plan, source })
    await deps.rehearsalDatabases.drop(context.runId)
  } else await rehearseLegA(copy, context, { plan, source })
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
