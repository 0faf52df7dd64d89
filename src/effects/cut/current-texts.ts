import type { EffectContext } from '../../domain/effect.ts'
import type { Survey, UnitRow } from '../../targets/survey.ts'
import type { Target } from '../../targets/target.ts'

/** A unit in force with its text. */
export interface CurrentText {
  address: string
  number: string | null
  parent: string | null
  sortOrder: number | null
  contentHash: string
  body: string
}

/** Whether a unit and its version are in force. */
export const isInForce = ({ lifecycleStatus, versionStatus }: UnitRow) =>
  lifecycleStatus === 'enacted' && versionStatus === 'enacted'

/**
 * Reads the texts that a survey found in force, in the order of their first cut. The texts are read by the versions that the survey names.
 * A version's text never changes, so the result depends on the survey alone.
 */
export async function readCurrentTexts(
  target: Target,
  context: EffectContext,
  survey: Survey,
): Promise<CurrentText[]> {
  const versions = survey.units.filter(isInForce).map(({ versionId }) => versionId)
  if (versions.length === 0) return []
  return target.read('reader', context, async (sql) => {
    const { rows } = await sql.query<CurrentText>(
      `select u.canonical_address as address, u.section_code as number, u.parent_or_container_ref as parent,
         u.sort_order as "sortOrder", v.content_hash as "contentHash", v.body
       from public.unit_version v cross join lateral (
         select i.canonical_address, i.section_code, i.parent_or_container_ref, i.sort_order
         from public.information_unit i where i.id = v.unit_id limit 1) u
       where v.id = any ($1::uuid[]) order by u.sort_order nulls last, u.canonical_address collate "C"`,
      [versions],
    )
    return rows
  })
}
