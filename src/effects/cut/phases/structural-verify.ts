import { z } from 'zod'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { Sql } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { type CutDeps, openWriteTarget } from '../deps.ts'
import type { CutPlan } from '../plan.ts'
import { statesAfterCut } from '../plan-differences.ts'

/** Phase `structural_verify`: checks the written structure by named facts of the database. A false fact stops the run. */
export function structuralVerify(deps: CutDeps) {
  return readEffect({
    name: 'structural_verify',
    input: z.object({ document: z.string(), target: z.string(), planDigest: z.string() }),
    output: z.looseObject({ facts: z.record(z.string(), z.boolean()) }),
    async execute(context, { document, target, planDigest }) {
      const plan = await readJsonEvidence<CutPlan>(context, planDigest)
      const opened = await openWriteTarget(deps, context, target)
      const facts = await opened.read('reader', context, (sql) => readStructure(sql, document, plan))
      const wrong = Object.keys(facts).filter((name) => !facts[name])
      if (wrong.length > 0) {
        throw new Stop(
          'STOP_VERIFICATION_FAILED',
          `after leg A these facts do not hold: ${wrong.join(', ')}`,
          {
            next: 'check the rows in the target; they are drafts and not in force',
            data: { facts },
          },
        )
      }
      return { output: { facts }, evidence: [jsonEvidence('structure', facts)] }
    },
  })
}

/** Reads the facts of a document's structure, with the database's own comparison of each planned unit. */
async function readStructure(sql: Sql, document: string, plan: CutPlan): Promise<Record<string, boolean>> {
  const states = statesAfterCut(plan)
  // A unit keeps the position of its first cut. The present order is in the change set's layout.
  const places = new Map(
    plan.actions
      .filter(({ action }) => action === 'create')
      .map(({ address, sortOrder }) => [address, sortOrder]),
  )
  const { rows } = await sql.query<Record<string, boolean>>(STRUCTURE, [
    document,
    states.map(({ address }) => address),
    states.map(({ contentHash }) => contentHash),
    states.map(({ lifecycleStatus }) => lifecycleStatus),
    states.map(({ pendingHash }) => pendingHash ?? null),
    states.map(({ address }) => places.get(address) ?? null),
  ])
  return rows[0]!
}

// One full join, because the planner has no statistics of such new rows and might choose a nested loop.
const STRUCTURE = `
   with planned as (
     select * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
       as p (address, hash, status, pending, sort_order)
   ), found as (
     select u.canonical_address as address, u.lifecycle_status, u.sort_order, v.unit_id = u.id as own, v.content_hash,
       v.lifecycle_status as version_status, v.content_hash = u.content_anchor_ref as anchored,
       v.content_hash = 'sha256:' || encode(sha256(convert_to(v.body, 'UTF8')), 'hex') as hashed, n.pending
     from public.information_unit u
     left join lateral (
       select a.unit_id, a.version_seq, a.content_hash, a.lifecycle_status, a.body
       from public.unit_version a where a.id = u.version_anchor_ref limit 1) v on true
     left join lateral (
       select n.content_hash as pending from public.unit_version n
       where n.unit_id = u.id and n.version_seq > v.version_seq and n.lifecycle_status = 'draft'
         and n.content_hash = 'sha256:' || encode(sha256(convert_to(n.body, 'UTF8')), 'hex')
       order by n.version_seq desc limit 1) n on true
     where u.doc_code = $1
   ), compared as (
     select p.address is not null as planned, w.address is not null as there, w.content_hash is not distinct from p.hash as text,
       w.lifecycle_status = p.status as status, p.sort_order is null or w.sort_order = p.sort_order as place,
       p.pending is null or w.pending is not distinct from p.pending as amended,
       own is true as own, anchored is true as anchored, hashed is true as hashed,
       version_status is not distinct from lifecycle_status as agree
     from planned p full join found w on w.address = p.address
   )
   select
     count(*) filter (where there) = count(*) filter (where planned) as every_unit_is_planned_and_there,
     coalesce(bool_and(there) filter (where planned), true) as every_address_is_there,
     coalesce(bool_and(text) filter (where planned and there), true) as every_text_is_as_planned,
     coalesce(bool_and(status) filter (where planned and there), true) as every_status_is_as_planned,
     coalesce(bool_and(place) filter (where planned and there), true) as every_place_is_as_planned,
     coalesce(bool_and(amended) filter (where planned), true) as every_amendment_waits_as_a_draft,
     coalesce(bool_and(own) filter (where there), true) as every_version_anchor_is_the_unit_own,
     coalesce(bool_and(anchored) filter (where there), true) as every_content_anchor_is_the_version,
     coalesce(bool_and(hashed) filter (where there), true) as every_hash_is_of_its_text,
     coalesce(bool_and(agree) filter (where there), true) as unit_and_version_agree
   from compared`
