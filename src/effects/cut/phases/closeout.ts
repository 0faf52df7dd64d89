import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { Survey } from '../../../targets/survey.ts'
import type { Target } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { awaitBoth } from '../await-both.ts'
import type { CutDeps } from '../deps.ts'
import { governanceIds } from '../governance-ids.ts'
import { examineInForce } from '../verifier.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  surveyDigest: z.string(),
  created: z.number(),
  versions: z.number(),
  edges: z.number(),
})
type Input = z.infer<typeof input>

/**
 * Phase `closeout`: counts the rows again. A dry run must not have changed any table. In a live run the document must have grown by exactly
 * the written rows, and the verifier must find exactly the new text in force.
 */
export function closeout(deps: CutDeps) {
  return readEffect({
    name: 'closeout',
    input,
    output: z.looseObject({ report: z.looseObject({}) }),
    async execute(context, given) {
      const before = await readJsonEvidence<Survey>(context, given.surveyDigest)
      const target = await deps.target(given.target)
      const live = context.mode === 'live'
      const [{ survey: after, transactionId }, inForce] = await awaitBoth(
        target.survey(context, given.document),
        live ? readFactsInForce(target, context) : Promise.resolve({}),
      )
      if (live) {
        assertOwnGrowth(before, after, given)
        assertOwnText(inForce, given)
      } else {
        assertNoGrowth(before, after, target.name)
        await deps.rehearsalDatabases.drop(context.runId)
      }
      const counts = {
        before: before.counts,
        after: after.counts,
        identical: sameCounts(before, after),
        // Each table of the document was checked above. Rows of other documents are none of this plan.
        ...(live && grewAlike(before, after) ? { asPlanned: true } : {}),
        ...(after.unreadable.length === 0 ? {} : { unreadable: after.unreadable }),
      } as unknown as Json
      return {
        output: { transactionId, report: { counts } },
        evidence: [jsonEvidence('survey/after', after)],
      }
    },
  })
}

function assertNoGrowth(before: Survey, after: Survey, target: string): void {
  const changed = changedTables(totals(before), totals(after))
  const ofDocument = changedTables(before.counts.document, after.counts.document)
  if (changed.length === 0 && ofDocument.length === 0) return
  // The run's sessions were read-only, and by the server's word none had a transaction id. So this run did not change them.
  throw new Stop(
    'STOP_COUNTS_CHANGED_BY_OTHERS',
    `other sessions changed rows of target ${target} during this dry run: ${[...new Set([...changed, ...ofDocument])].join(', ')}`,
    {
      next: 'start another dry run when no other session writes there',
      data: { before: before.counts as unknown as Json, after: after.counts as unknown as Json },
    },
  )
}

function assertOwnGrowth(before: Survey, after: Survey, { created, versions, edges, document }: Input): void {
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
    `the rows of ${document} are not exactly those that this run wrote: ${what}`,
    {
      next: 'another session wrote to this document in the meantime; compare its rows with the plan',
    },
  )
}

function readFactsInForce(target: Target, context: EffectContext): Promise<Record<string, boolean>> {
  const { changeSetId } = governanceIds(context.runId)
  return target.read('verifier', context, (sql) => examineInForce(sql, changeSetId))
}

function assertOwnText(facts: Record<string, boolean>, { document }: Input): void {
  const wrong = Object.keys(facts).filter((name) => !facts[name])
  if (wrong.length === 0) return
  throw new Stop('STOP_VERIFICATION_FAILED', `these facts do not hold for ${document}: ${wrong.join(', ')}`, {
    next: 'another session moved units of this document in the meantime; compare them with the plan',
    data: { facts },
  })
}

/** Whether the tables grew by the rows of the document alone, so that no other session wrote to them during the run. */
function grewAlike(before: Survey, after: Survey): boolean {
  const [was, is] = [totals(before), totals(after)]
  const [own, ownNow] = [before.counts.document, after.counts.document]
  const grown = (table: string, from: Counts, to: Counts) => (to[table] ?? 0) - (from[table] ?? 0)
  return Object.keys(ownNow).every((table) => grown(table, was, is) === grown(table, own, ownNow))
}

const totals = ({ counts }: Survey): Counts => counts.whole

type Counts = Record<string, number | null>

const changedTables = (before: Counts, after: Counts) =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (table) => before[table] !== after[table],
  )

const sameCounts = (before: Survey, after: Survey) =>
  changedTables(totals(before), totals(after)).length === 0 &&
  changedTables(before.counts.document, after.counts.document).length === 0
