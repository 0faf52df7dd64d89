import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import type { Survey } from '../../../targets/survey.ts'
import type { Target } from '../../../targets/target.ts'
import { awaitBoth, type CutDeps, readJsonEvidence } from '../deps.ts'
import { examineInForce } from '../verifier.ts'
import { governanceIds } from './leg-b-record.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  surveyDigest: z.string(),
  created: z.number(),
  versions: z.number(),
  edges: z.number(),
})
const output = z.looseObject({ report: z.looseObject({}) })
type Input = z.infer<typeof input>

/**
 * Counts again. A dry run must find every watched table as it was, whole and for the document; a live run must find the
 * document grown by exactly what it wrote, and the verifier must find the text in force and nothing beside it.
 */
export function closeout(deps: CutDeps): ReadEffect<Input, z.infer<typeof output>> {
  return {
    name: 'closeout',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const before = await readJsonEvidence<Survey>(context, given.surveyDigest)
      const target = await deps.target(given.target)
      const live = context.mode === 'live'
      const [{ survey: after, transactionId }, inForce] = await awaitBoth(
        target.survey(context, given.document),
        live ? factsInForce(target, context) : Promise.resolve({}),
      )
      if (live) {
        refuseOtherGrowth(before, after, given)
        refuseOtherText(inForce, given)
      } else {
        refuseAnyGrowth(before, after, target.name)
        await deps.scratches.drop(context.runId)
      }
      const counts = {
        before: before.counts,
        after: after.counts,
        identical: sameCounts(before, after),
      } as unknown as Json
      return {
        output: { transactionId, report: { counts } },
        evidence: [jsonEvidence('survey/after', after)],
      }
    },
  }
}

function refuseAnyGrowth(before: Survey, after: Survey, target: string): void {
  const changed = changedTables(before.counts.whole, after.counts.whole)
  const ours = changedTables(before.counts.document, after.counts.document)
  if (changed.length === 0 && ours.length === 0) return
  // Our sessions were read-only and the server says that none had a transaction id, so it was not this run.
  throw new Stop(
    'STOP_COUNTS_CHANGED_BY_OTHERS',
    `rows of target ${target} changed while this dry run went on, by others: ${[...new Set([...changed, ...ours])].join(', ')}`,
    {
      next: 'start another dry run when nobody else writes there',
      data: { before: before.counts as unknown as Json, after: after.counts as unknown as Json },
    },
  )
}

function refuseOtherGrowth(
  before: Survey,
  after: Survey,
  { created, versions, edges, document }: Input,
): void {
  const grown = (table: string) => (after.counts.document[table] ?? 0) - (before.counts.document[table] ?? 0)
  const expected: Record<string, number> = {
    information_unit: created,
    unit_version: versions,
    iu_lifecycle_log: edges,
  }
  const wrong = Object.keys(expected).filter((table) => grown(table) !== expected[table])
  if (wrong.length === 0) return
  const what = wrong.map((table) => `${table} grew by ${grown(table)}, not ${expected[table]}`).join('; ')
  throw new Stop(
    'STOP_VERIFICATION_FAILED',
    `the rows of ${document} are not those that this run wrote: ${what}`,
    {
      next: 'somebody else wrote to this document meanwhile; compare its rows with the plan',
    },
  )
}

function factsInForce(target: Target, context: EffectContext): Promise<Record<string, boolean>> {
  const { changeSetId } = governanceIds(context.runId)
  return target.read('verifier', context, (sql) => examineInForce(sql, changeSetId))
}

function refuseOtherText(facts: Record<string, boolean>, { document }: Input): void {
  const wrong = Object.keys(facts).filter((name) => !facts[name])
  if (wrong.length === 0) return
  throw new Stop('STOP_VERIFICATION_FAILED', `of ${document} these do not hold: ${wrong.join(', ')}`, {
    next: 'somebody else moved units of this document meanwhile; compare them with the plan',
    data: { facts },
  })
}

type Counts = Record<string, number | null>

const changedTables = (before: Counts, after: Counts) =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (table) => before[table] !== after[table],
  )

const sameCounts = (before: Survey, after: Survey) =>
  changedTables(before.counts.whole, after.counts.whole).length === 0 &&
  changedTables(before.counts.document, after.counts.document).length === 0
