import type { SiteParts } from '../structure/headings/heading-match.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { positionOf, textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'

/** Bytes of a part that are shown, without their tags. */
const SHOWN = 600

/** Names the parts of a page that belong to its site: they are left outside of units, unless text of a unit stands around them. */
export function findSiteProblems(
  bytes: Uint8Array,
  site: SiteParts | undefined,
  placed: PlacedRecord[],
): Problem[] {
  return (site?.parts ?? []).flatMap(({ start, end, tag }) => {
    const words = textOf(bytes, start, Math.min(end, start + SHOWN))
      .replace(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)|<!--[\s\S]*?(?:-->|$)|<[^<>]*(?:>|$)/gi, ' ')
      .replace(/\s+/g, ' ')
      .trim()
    if (!/[\p{L}\p{N}]/u.test(words)) return []
    const holder = placed.findLast(({ record }) => record.start <= start)?.record
    const isOutside = holder === undefined || holder.kind === 'other' || holder.kind === 'container'
    const where = isOutside ? 'stands outside of units' : `stays in the text of ${holder.address}`
    const message = `${tag} ("${[...words].slice(0, 60).join('')}") belongs to the site of the page, is read for no headings, and ${where}`
    const { line, column } = positionOf(bytes, start)
    return [createProblem('SITE_PART', message, { line, column, start })]
  })
}
