import {
  count,
  type Markdown,
  type MarkdownLine,
  md,
  nameSpan,
  paragraph,
  plural,
  prose,
  table,
} from '../domain/markdown.ts'
import { excerpt } from './excerpt.ts'
import type { PlanReading } from './plan-reading.ts'
import type { PlannedUnit, ReadCutPlan } from './plan-schema.ts'

/** Up to this number, units are listed one by one without `--page`. */
export const FEW_UNITS = 500

/** The units that this reading lists one by one; null where it shows groups instead. */
export function selectUnits(units: PlannedUnit[], { page, pageSize }: PlanReading): PlannedUnit[] | null {
  if (page !== null) return units.slice((page - 1) * pageSize, page * pageSize)
  return units.length <= FEW_UNITS ? units : null
}

/** The units in their containers: each with its first and last words, or the first and the last of each group. */
export function unitLines(reading: PlanReading, { actions }: ReadCutPlan): MarkdownLine[] {
  if (actions.length === 0) return []
  const shown = selectUnits(actions, reading)
  if (shown === null) return [md`## Units by group`, '', ...groupLines(reading, actions)]
  return [
    md`## Units`,
    '',
    ...pageLines(reading, actions.length),
    ...byContainer(shown).flatMap((group) => [
      ...containerLines(group),
      ...table(
        ['action', 'address', 'heading', 'first and last words', 'bytes'],
        group.map((unit) => [
          nameSpan(unit.action),
          nameSpan(unit.address),
          prose(unit.title),
          excerpt(unitText(unit, reading)),
          count(unit.end - unit.start),
        ]),
      ),
    ]),
  ]
}

function containerLines(group: PlannedUnit[]): MarkdownLine[] {
  const { parent } = group[0]!
  return [
    ...(parent === null ? [] : paragraph(md`### ${nameSpan(parent)}`)),
    md`${plural(group.length, 'unit')}: ${totals(group)}`,
    '',
  ]
}

function pageLines({ page, pageSize, runId }: PlanReading, units: number): MarkdownLine[] {
  if (page === null) return []
  const pages = Math.ceil(units / pageSize)
  const next = page < pages ? md` The next: ${nameSpan('--page')} ${page + 1}.` : ''
  return [
    md`Page ${page} of ${count(pages)}, ${count(units)} units in all (run ${nameSpan(runId)}).${next}`,
    '',
  ]
}

/** Large groups, and groups that are too many, are divided by number of units instead. */
function groupLines(reading: PlanReading, units: PlannedUnit[]): MarkdownLine[] {
  const { pageSize } = reading
  const containers = byContainer(units)
  const groups =
    containers.length > FEW_UNITS
      ? parted(units, pageSize)
      : containers.flatMap((group) => parted(group, pageSize))
  let before = 0
  const rows = groups.map((group) => {
    const page = Math.floor(before / pageSize) + 1
    before += group.length
    const [first, last] = [group[0]!, group.at(-1)!]
    const bytes = group.reduce((sum, { start, end }) => sum + end - start, 0)
    const bothEnds = [first, last].map(
      (unit) => md`${nameSpan(unit.address)} ${prose(unit.title)}: ${excerpt(unitText(unit, reading))}`,
    )
    return [
      first.parent === null ? '–' : nameSpan(first.parent),
      totals(group),
      count(bytes),
      ...bothEnds,
      String(page),
    ]
  })
  return [
    md`${count(units.length)} units are too many to be read in one table. Each of them is listed by ${nameSpan('--page')} N (${plural(Math.ceil(units.length / pageSize), 'page')} of ${pageSize}).`,
    '',
    ...table(['container', 'units', 'bytes', 'the first', 'the last', 'page'], rows),
  ]
}

function byContainer(units: PlannedUnit[]): PlannedUnit[][] {
  const groups: PlannedUnit[][] = []
  for (const unit of units) {
    const last = groups.at(-1)
    if (last !== undefined && last[0]!.parent === unit.parent) last.push(unit)
    else groups.push([unit])
  }
  return groups
}

function parted<T>(all: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
}

function totals(units: PlannedUnit[]): Markdown[] {
  const counts = new Map<string, number>()
  for (const { action } of units) counts.set(action, (counts.get(action) ?? 0) + 1)
  return [...counts].map(([action, n]) => md`${count(n)} × ${nameSpan(action)}`)
}

/** The unit's text without its heading's line; empty where the source is not at hand. */
export function unitText({ start, end, title }: PlannedUnit, { source }: PlanReading): string {
  if (source === null) return ''
  const text = new TextDecoder().decode(source.subarray(start, end))
  const [line = ''] = text.split(/\r\n|\r|\n/, 1)
  const rest = text.slice(line.length)
  const heading = line.normalize('NFC')
  const at = heading.indexOf(title)
  if (at < 0) return text
  const behind = heading.slice(at + title.length)
  return /[\p{L}\p{N}]/u.test(behind) ? behind + rest : rest
}
