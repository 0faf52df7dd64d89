import { z } from 'zod'
import type { EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Sql, Target } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { CutDeps } from '../deps.ts'
import { actorOf, lockDocument } from '../document-writer.ts'
import { driftError } from '../drift.ts'
import { type CutPlan, expectedState, isWritten } from '../plan.ts'
import { stateDifferences, targetDifferences } from '../plan-differences.ts'
import { assertFreeAddresses } from '../taken-address.ts'
import { targetWrite } from '../target-write.ts'
import { countCreated, readWrittenUnits, type WrittenUnit, writeUnits } from '../write-units.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  sourceDigest: z.string(),
})
const output = z.looseObject({ created: z.number(), versions: z.number(), legADigest: z.string() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/** Phase `cut_leg_a`: writes units, versions and anchors in one transaction, as the executor, through the writer functions only. */
export function cutLegA(deps: CutDeps) {
  return targetWrite(deps, { name: 'cut_leg_a', input, output, write, committed })
}

async function write(target: Target, context: EffectContext, given: Input): Promise<EffectResult<Output>> {
  const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
  const bytes = await context.evidence(given.sourceDigest)
  return target.write('executor', context, async (sql) => {
    await lockDocument(sql, given.document)
    await assertNoDrift(target, sql, context, plan)
    return resultOf(await writeUnits(sql, context, plan, bytes), plan)
  })
}

/** Rows by this run's actor prove that its transaction committed. A plan that creates no rows can safely be executed again. */
async function committed(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> {
  const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
  return target.write('executor', context, async (sql): Promise<Probe<Output>> => {
    await lockDocument(sql, given.document)
    // Each new unit has a first version by the same actor, so the count of versions covers both.
    const { rows } = await sql.query<{ made: number }>(
      `select coalesce(sum(v.made), 0)::int as made from public.information_unit u cross join lateral (
         select count(*) as made from public.unit_version n where n.unit_id = u.id and n.created_by = $2) v
       where u.doc_code = $1`,
      [given.document, actorOf(context)],
    )
    const planned = countCreated(plan).versions
    const made = rows[0]!.made
    if (made === 0) return { outcome: 'not-committed' }
    if (made !== planned)
      return {
        outcome: 'unknown',
        why: `${made} of ${planned} versions exist, although one transaction writes all of them`,
      }
    return { outcome: 'committed', ...resultOf(await readWrittenUnits(sql, plan), plan) }
  })
}

/** Checks the target again, inside the lock and the transaction that writes. A dry run works on another database by design. */
async function assertNoDrift(
  target: Target,
  sql: Sql,
  { mode }: EffectContext,
  plan: CutPlan,
): Promise<void> {
  const found = await target.surveyWithin(sql, plan.document)
  assertFreeAddresses(
    plan.document,
    plan.actions.map(({ address }) => address),
    found.neighbours,
  )
  const differences = [
    ...(mode === 'live' ? targetDifferences(plan.target, found.server) : []),
    ...stateDifferences(plan.expected, expectedState(found)),
  ]
  if (differences.length === 0) return
  throw driftError(
    'the target has changed since the plan was approved',
    differences,
    'cancel this run and start another, because only this plan was approved',
    'nothing was written',
  )
}

function resultOf(rows: WrittenUnit[], plan: CutPlan): EffectResult<Output> {
  const evidence = jsonEvidence('leg-a', rows)
  const { units, versions } = countCreated(plan)
  const adopted = plan.actions.filter(isWritten).length - versions
  return {
    output: { created: units, versions, adopted, legADigest: evidence.digest },
    evidence: [evidence],
  }
}
