import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { type Survey, surfaceDifferences } from '../../../targets/survey.ts'
import type { DocumentRows, Target } from '../../../targets/target.ts'
import { type CutDeps, readJsonEvidence } from '../deps.ts'
import { limitDifferences, summariseDifferences } from '../drift.ts'
import type { CutPlan } from '../plan.ts'
import { writeUnits } from './cut-leg-a.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  sourceDigest: z.string(),
  backupDigest: z.string(),
})
const output = z.looseObject({ grantMatrixDigest: z.string() })
type Input = z.infer<typeof input>

/**
 * Looks, and never grants: named facts that must match exactly, and the digest of the whole grant matrix. Then the very
 * calls that live will make are rehearsed on a copy with the same functions, triggers, constraints and grants, up to what
 * commit would check, and rolled back. In a dry run the copy stays, for the phases after the gate.
 */
export function grantProbe(deps: CutDeps): ReadEffect<Input, z.infer<typeof output>> {
  return {
    name: 'grant_probe',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const target = await deps.target(given.target)
      const [{ facts, wrong }, { survey }] = await Promise.all([
        target.grantFacts(context),
        target.survey(context, given.document),
      ])
      refuseOtherGrants(target, wrong, survey.grantMatrixDigest)
      const scratch = await scratchLike(deps, context, target, survey, given)
      const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
      const bytes = await context.evidence(given.sourceDigest)
      await rehearse(scratch, context, plan, bytes)
      if (context.mode === 'live') await deps.scratches.drop(context.runId)
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
    },
  }
}

function refuseOtherGrants(target: Target, wrong: string[], found: string): void {
  if (wrong.length === 0 && found === target.expectedGrantMatrixDigest) return
  const what =
    wrong.length > 0
      ? wrong.join('; ')
      : `the grant matrix has the digest ${found}, expected ${target.expectedGrantMatrixDigest}`
  throw new Stop(
    'STOP_GRANTS_MISMATCH',
    `the grants of target ${target.name} are not as they must be: ${what}; nothing was touched`,
    {
      next: `cutter target survey ${target.name} lists them; set them right, or name the digest in cutter.yaml after a review`,
      data: { wrong, found, expected: target.expectedGrantMatrixDigest },
    },
  )
}

async function scratchLike(
  deps: CutDeps,
  context: EffectContext,
  target: Target,
  there: Survey,
  { document, backupDigest }: Input,
): Promise<Target> {
  const rows = await readJsonEvidence<DocumentRows>(context, backupDigest)
  const scratch = await deps.scratches.create(context.runId, rows)
  const { survey: here } = await scratch.survey(context, document)
  const differences = surfaceDifferences(there.surface, here.surface)
  if (differences.length === 0) return scratch
  throw new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `a rehearsal would prove nothing, its copy differs from target ${target.name}: ${summariseDifferences(differences)}`,
    {
      next: `bring the target to this version’s schema with: cutter target init ${target.name}`,
      data: { differences: limitDifferences(differences) },
    },
  )
}

async function rehearse(
  scratch: Target,
  context: EffectContext,
  plan: CutPlan,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await scratch.rehearse('executor', context, (sql) => writeUnits(sql, context, plan, bytes))
  } catch (error) {
    if (error instanceof Stop || context.signal.aborted) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new Stop(
      'STOP_REHEARSAL_FAILED',
      `the rehearsal of the live calls failed: ${why}; the target was not touched`,
      { cause: error },
    )
  }
}
