import { count, type MarkdownLine, md, nameSpan, paragraph, prose, table } from '../domain/markdown.ts'
import { changedUnitLines, otherLines } from './changes-section.ts'
import {
  actionTable,
  commencementRow,
  expectedLines,
  modeWords,
  rollbackLines,
  targetWords,
} from './cut-plan-page.ts'
import { excerpt } from './excerpt.ts'
import type { PlanReading } from './plan-reading.ts'
import { cutPlan, type PlannedUnit, type ReadLifecyclePlan } from './plan-schema.ts'
import { sourceIdLines } from './source-ids-section.ts'
import { FEW_UNITS, unitText } from './units-section.ts'

export const MEANING: { [action: string]: string } = {
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
        ...commencementRow(plan),
        ['target', targetWords(plan.target)],
        ['mode', modeWords(plan.mode)],
      ],
    ),
    md`## In short`,
    '',
    ...actionTable(plan.actions, MEANING),
    md`This can’t be taken back: what came into force has been in force. A later decision can only replace it.`,
    '',
    ...wordLines(reading, plan, units),
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
    ...sourceIdLines(plan.sourceIds),
    ...expectedLines(plan.expected),
    // What can't be taken back has no heading that promises a way back.
    ...rollbackLines(plan.rollback, 'Until when it can be stopped'),
  ]
}

/**
 * Each unit whose text changes, word by word, as whoever decides last must see it. The texts are those that this plan names by their hashes.
 * Nothing for a document that comes into force for the first time.
 */
function wordLines(
  reading: PlanReading,
  { actions, aliases }: ReadLifecyclePlan,
  units: ReadonlyMap<string, PlannedUnit>,
): MarkdownLine[] {
  const coming = new Map(
    actions.flatMap((move) => {
      const before = move.replaces ?? move.after
      const unit = units.get(move.address)
      if (unit === undefined || unit.contentHash !== move.contentHash || move.to === 'retired') return []
      return [[move, { ...unit, action: move.action, oldContentHash: before?.contentHash ?? null }] as const]
    }),
  )
  const changes = (move: Move) => move.replaces !== undefined || move.after !== undefined
  if (!actions.some(changes)) return []
  const unitsOf = (moves: Move[]) => moves.flatMap((move) => coming.get(move) ?? [])
  const unseen = actions.filter((move) => changes(move) && !coming.has(move))
  return [
    md`## What changes in the text in force`,
    '',
    ...changedUnitLines(reading, unitsOf(actions), unitsOf(movesOfPage(reading, actions)), aliases),
    ...(unseen.length === 0
      ? []
      : paragraph(
          md`The texts of these are not among the evidence of the run, so that no difference is shown: ${unseen.map(({ address }) => nameSpan(address))}.`,
        )),
  ]
}

type Move = ReadLifecyclePlan['actions'][number]

const movesOfPage = ({ page, pageSize }: PlanReading, moves: Move[]) =>
  page === null ? moves : moves.slice((page - 1) * pageSize, page * pageSize)

function moveLines(
  reading: PlanReading,
  { actions }: ReadLifecyclePlan,
  units: ReadonlyMap<string, PlannedUnit>,
): MarkdownLine[] {
  if (actions.length === 0) return []
  const { page, pageSize } = reading
  const isShortened = page === null && actions.length > FEW_UNITS
  const shown = movesOfPage(reading, actions)
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
      few.map(({ action, address, versionSeq, contentHash, from, to, replaces, after, successors }) => {
        const unit = units.get(address)
        return [
          nameSpan(action),
          nameSpan(address),
          prose(unit?.title ?? '–'),
          md`${versionSeq ?? '–'}${replaces === undefined ? '' : md`, for ${replaces.versionSeq}`}${after === undefined ? '' : md`, after ${after.versionSeq} (${prose(after.status)})`}`,
          nameSpan(from ?? '–'),
          md`${nameSpan(to ?? '–')}${successors.length === 0 ? '' : md`, its text now at ${successors.map(nameSpan)}`}`,
          excerpt(
            unit === undefined ? (reading.texts.get(contentHash ?? '') ?? '') : unitText(unit, reading),
          ),
        ]
      }),
    ),
  ]
}
