import { count, type MarkdownLine, md, nameSpan, paragraph, plural, table } from '../domain/markdown.ts'
import type { ReadCutPlan } from './plan-schema.ts'

/** The number of ids that are shown. The plan has all of them. */
const SHOWN = 20

/** The ids by which other systems cite units of this source, and that lead to them from the second gate on. */
export function sourceIdLines(sourceIds: ReadCutPlan['sourceIds']): MarkdownLine[] {
  if (sourceIds.length === 0) return []
  const more = sourceIds.length - SHOWN
  return [
    md`## Ids of the source`,
    '',
    md`${plural(sourceIds.length, 'id')} of the source will lead to units, once the second gate is passed.`,
    '',
    ...table(
      ['id', 'leads to'],
      sourceIds.slice(0, SHOWN).map(({ id, address }) => [nameSpan(id), nameSpan(address)]),
    ),
    ...(more > 0 ? paragraph(md`And ${count(more)} more, which the plan as JSON has.`) : []),
  ]
}
