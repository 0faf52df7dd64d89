import { count, type MarkdownLine, md, nameSpan, paragraph, prose, table } from '../domain/markdown.ts'
import { otherLines } from './changes-section.ts'
import { actionTable, expectedLines, modeWords, rollbackLines, targetWords } from './cut-plan-page.ts'
import { excerpt } from './excerpt.ts'
import type { PlanReading } from './plan-reading.ts'
import { cutPlan, type PlannedUnit, type ReadLifecyclePlan } from './plan-schema.ts'
import { FEW_UNITS, unitText } from './units-section.ts'

const MEANING: { [action: string]: string } = {
  enact: 'a draft comes into force',
  supersede: 'a draft comes into force in the place of the version that is',
  revive: 'a unit that had gone out of force comes again, with another version',
  retire: 'a unit that the text no longer has goes out of force',
}

/** What the second gate decides: what is in force from then on. */
export function lifecyclePlanLines(reading: PlanReading, plan: ReadLifecyclePlan): MarkdownLine[] {
  const cut = cutPlan.safeParse(reading.cut)
  const units = new Map(cut.success ? cut.data.actions.map((unit) => [unit.address, unit]) : [])
  return [
    ...table(
      ['document', nameSpan(plan.document)],
      [
        ['source version', nameSpan(plan.sourceVersionId)],
        ['target', targetWords(plan.target)],
        ['mode', modeWords(plan.mode)],
      ],
    ),
    md`## In short`,
    '',
    ...actionTable(plan.actions, MEANING),
    md`This can’t be taken back: what came into force has been in force. A later decision can only replace it.`,
    '',
    ...moveLines(reading, plan, units),
    ...(cut.success ? otherLines(reading, cut.data) : []),
    ...table(
      ['old address', 'leads to', 'as'],
      plan.aliases.map(({ aliasAddress, address, kind }) => [
        nameSpan(aliasAddress),
        nameSpan(address),
        nameSpan(kind),
      ]),
    ),
    ...expectedLines(plan.expected),
    ...rollbackLines(plan.rollback),
  ]
}

function moveLines(
  reading: PlanReading,
  { actions }: ReadLifecyclePlan,
  units: ReadonlyMap<string, PlannedUnit>,
): MarkdownLine[] {
  if (actions.length === 0) return []
  const { page, pageSize } = reading
  const isShortened = page === null && actions.length > FEW_UNITS
  const at = (page ?? 1) - 1
  const shown = page === null ? actions : actions.slice(at * pageSize, (at + 1) * pageSize)
  const pages = Math.ceil(actions.length / pageSize)
  const few = isShortened ? [...shown.slice(0, 20), ...shown.slice(-20)] : shown
  return [
    md`## Units`,
    '',
    ...(isShortened
      ? paragraph(
          md`The first 20 and the last 20 of ${count(actions.length)}; ${nameSpan('--page')} N lists all (${count(pages)} pages of ${pageSize}).`,
        )
      : []),
    ...(page === null ? [] : paragraph(md`Page ${page} of ${count(pages)}.`)),
    ...table(
      ['action', 'address', 'heading', 'version', 'from', 'to', 'first and last words'],
      few.map(({ action, address, versionSeq, from, to, replaces, after, successors }) => {
        const unit = units.get(address)
        return [
          nameSpan(action),
          nameSpan(address),
          prose(unit?.title ?? '–'),
          md`${versionSeq ?? '–'}${replaces === undefined ? '' : md`, for ${replaces.versionSeq}`}${after === undefined ? '' : md`, after ${after.versionSeq} (${prose(after.status)})`}`,
          nameSpan(from ?? '–'),
          md`${nameSpan(to ?? '–')}${successors.length === 0 ? '' : md`, its text now at ${successors.map(nameSpan)}`}`,
          unit === undefined ? '' : excerpt(unitText(unit, reading)),
        ]
      }),
    ),
  ]
}
