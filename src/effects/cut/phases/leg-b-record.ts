import { z } from 'zod'
import type { EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import type { Target } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { CutDeps } from '../deps.ts'
import { lockDocument } from '../document-writer.ts'
import { governanceIds } from '../governance-ids.ts'
import { requireApproval } from '../governance-rows.ts'
import type { CutPlan } from '../plan.ts'
import { targetWrite } from '../target-write.ts'
import { writeGovernance } from '../write-governance.ts'
import type { WrittenUnit } from '../write-units.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  legADigest: z.string(),
})
const output = z.looseObject({ changeSetId: z.string() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/** Phase `leg_b_record`: records what was written and who approved it, in one transaction, as the executor. */
export function legBRecord(deps: CutDeps) {
  return targetWrite(deps, { name: 'leg_b_record', input, output, write, committed })
}

async function write(target: Target, context: EffectContext, given: Input): Promise<EffectResult<Output>> {
  const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
  const written = await readJsonEvidence<WrittenUnit[]>(context, given.legADigest)
  const approval = await requireApproval(context)
  await target.write('executor', context, async (sql) => {
    await lockDocument(sql, given.document)
    await writeGovernance(sql, context, { plan, written, approval })
  })
  return { output: { changeSetId: governanceIds(context.runId).changeSetId } }
}

async function committed(
  target: Target,
  context: EffectContext,
  { document }: Input,
): Promise<Probe<Output>> {
  const { changeSetId } = governanceIds(context.runId)
  return target.write('executor', context, async (sql): Promise<Probe<Output>> => {
    await lockDocument(sql, document)
    const found = await sql.query('select from cutter_governance.cut_change_set where change_set_id = $1', [
      changeSetId,
    ])
    return found.rowCount === 0
      ? { outcome: 'not-committed' }
      : { outcome: 'committed', output: { changeSetId } }
  })
}
