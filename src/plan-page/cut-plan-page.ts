import {
  count,
  type MarkdownLine,
  md,
  nameSpan,
  paragraph,
  plural,
  prose,
  proseList,
  table,
} from '../domain/markdown.ts'
import { changeLines } from './changes-section.ts'
import type { PlanReading } from './plan-reading.ts'
import type { Expected, ReadCutPlan } from './plan-schema.ts'
import { sourceIdLines } from './source-ids-section.ts'
import { unitLines } from './units-section.ts'

/** The meaning of each action for the approver. An action that is not listed is shown by its name. */
export const MEANING: { [action: string]: string } = {
  create: 'a new unit, written as a draft',
  adopt: 'a draft with this text exists; it is used',
  redraft: 'a draft with another text exists; this text becomes its next draft',
  amend: 'a unit in force gets this text as its next version, a draft until the second gate',
  revive: 'a unit that went out of force gets this text as its next version, a draft until the second gate',
  'adopt-version': 'the next version of the unit exists as a draft; it is used',
  keep: 'in force with this text; nothing is written',
  supersede: 'in force, and its text is at another address now; superseded at the second gate',
  retire: 'in force, and no longer in the text; retired at the second gate',
}

/**
 * The plan of the first gate of a cut as Markdown lines: what is read from where, every changed word, what becomes no unit, and what the
 * plan expects of the target.
 */
export function cutPlanLines(reading: PlanReading, plan: ReadCutPlan): MarkdownLine[] {
  const { mode, document, target, source, arithmetic } = plan
  const { unitsWritten, governanceRows } = arithmetic
  return [
    ...table(
      ['document', nameSpan(document)],
      [
        ['source', md`${count(source.bytes)} bytes, SHA-256 ${nameSpan(source.sha256)}`],
        ['source version', nameSpan(source.sourceVersionId)],
        [
          'read by',
          md`profile ${nameSpan(source.profile)} ${nameSpan(source.profileVersion)}${source.reading === undefined ? '' : md`, as ${nameSpan(source.reading)}`}`,
        ],
        ...commencementRow(plan),
        ['target', targetWords(target)],
        ['mode', modeWords(mode)],
      ],
    ),
    md`## In short`,
    '',
    ...actionTable([...plan.actions, ...plan.endings], MEANING),
    ...readingWords(plan),
    ...otherTextWords(plan),
    md`${plural(unitsWritten, 'unit is', 'units are')} written, with ${plural(governanceRows, 'row')} of record for them. Nothing comes into force by this plan: that is decided at the second gate.`,
    '',
    ...acceptedLines(plan),
    ...changeLines(reading, plan),
    ...unitLines(reading, plan),
    ...sourceIdLines(plan.sourceIds),
    ...exclusionLines(plan),
    ...expectedLines(plan.expected),
    ...rollbackLines(plan.rollback),
  ]
}

/** The day of commencement, which may lie before or behind the approval. */
export const commencementRow = ({ commencesOn }: { commencesOn?: string | undefined }) =>
  commencesOn === undefined
    ? []
    : [['commences', md`on ${nameSpan(commencesOn)} at midnight in UTC, whatever the day of approval`]]

/** Another reading changes which texts are units, so that the approver decides about it first. */
const readingWords = ({ reading }: ReadCutPlan): MarkdownLine[] =>
  reading === undefined
    ? []
    : paragraph(
        md`**This plan reads the document in another way**: as ${nameSpan(reading.now)}, no longer as ${wasRead(reading.was)}. Texts move to other addresses. No text that stands in the source word for word is retired.`,
      )

/** A plan has `unknown` where the record of the last cut names no profile and none that is known here made it. */
const wasRead = (was: string) =>
  was === 'unknown' ? md`its last cut read it, by a profile that is not known here` : nameSpan(was)

/** Units alone do not tell what changes: the text between them changes too. */
const otherTextWords = ({ otherText, moved }: ReadCutPlan): MarkdownLine[] =>
  otherText.length === 0 && moved.length === 0
    ? []
    : paragraph(
        md`Besides, ${plural(otherText.length, 'place')} outside of units and the order of ${plural(moved.length, 'unit')} differ from the text in force.`,
      )

/** The target in one line: database, system identifier of the server, and major version. `serverVersion` is a number such as 150018. */
export const targetWords = ({ database, systemIdentifier, serverVersion }: ReadCutPlan['target']) =>
  md`database ${nameSpan(database)} of server ${nameSpan(systemIdentifier)}, PostgreSQL ${Math.floor(serverVersion / 10_000)}`

/** The mode with its consequence for the target, as Markdown. */
export const modeWords = (mode: string) =>
  mode === 'live'
    ? md`**live**: the target is written to`
    : md`${prose(mode)}: the target is not written to, what follows is rehearsed on a copy`

/**
 * A table with the number of units of each action, in the order of their first occurrence, and the sum. `meaning` explains an action by its
 * name; others are shown without an explanation.
 */
export function actionTable(
  actions: { action: string }[],
  meaning: { [action: string]: string },
): MarkdownLine[] {
  const counts = new Map<string, number>()
  for (const { action } of actions) counts.set(action, (counts.get(action) ?? 0) + 1)
  const rows = [...counts].map(([action, n]) => [nameSpan(action), count(n), meaning[action] ?? ''])
  return rows.length === 0
    ? paragraph(md`There is nothing to do.`)
    : table(
        ['action', 'units', 'what it means'],
        [...rows, [md`**all**`, md`**${count(actions.length)}**`, '']],
      )
}

function acceptedLines({ accepted }: ReadCutPlan): MarkdownLine[] {
  if (accepted.length === 0) return []
  const rows = accepted.map((one) => [nameSpan(one.code), String(one.line), prose(one.message)])
  return [md`## Problems that were accepted`, '', ...table(['problem', 'line', 'what it is'], rows)]
}

function exclusionLines({ excluded, layout }: ReadCutPlan): MarkdownLine[] {
  const loose = layout.flatMap(({ text }) => text ?? [])
  const bytes = loose.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const rows = excluded.map(({ heading, reason, start, end }) => [
    prose(heading ?? '–'),
    prose(reason),
    count(end - start),
    md`${start}–${end}`,
  ])
  return [
    md`## What becomes no unit`,
    '',
    md`Text outside of units (titles, headings of chapters, what is left out) is kept with the cut, so that the document can be put together again byte for byte: ${plural(loose.length, 'piece')}, ${count(bytes)} bytes.`,
    '',
    ...(rows.length === 0
      ? paragraph(md`No unit is left out.`)
      : table(['left out', 'why', 'bytes', 'at'], rows)),
  ]
}

/**
 * The section about what must be true of the target when the plan is carried out: the units of the document by lifecycle status, and the
 * number of guarding objects of each kind.
 */
export function expectedLines({ units, surface }: Expected): MarkdownLine[] {
  const states = new Map<string, number>()
  for (const { lifecycleStatus } of units ?? [])
    states.set(lifecycleStatus, (states.get(lifecycleStatus) ?? 0) + 1)
  const there: MarkdownLine[] =
    units === undefined
      ? []
      : [
          units.length === 0
            ? md`- The target holds no unit of this document.`
            : md`- The target holds ${plural(units.length, 'unit')} of this document: ${[...states].map(([state, n]) => md`${count(n)} ${nameSpan(state)}`)}.`,
        ]
  const guards = Object.entries(surface ?? {}).map(([what, all]) => md`${count(all.length)} ${prose(what)}`)
  return [
    md`## What it expects of the world`,
    '',
    ...there,
    ...(guards.length === 0 ? [] : [md`- What guards it is as it was found, each by its digest: ${guards}.`]),
    '',
    md`Were any of this different when it is acted on, nothing would be written, and the run would wait or stop.`,
    '',
  ]
}

/** The section about the way back, before and after the commit. `rollback` has a sentence for each time. */
export const rollbackLines = (
  rollback: { [when: string]: string },
  title = 'How it is taken back',
): MarkdownLine[] => [
  md`## ${title}`,
  '',
  ...proseList(
    Object.fromEntries(
      [...new Set([...Object.keys(WHEN), ...Object.keys(rollback)])].flatMap((when) => {
        const how = rollback[when]
        return how === undefined ? [] : [[WHEN[when] ?? when, how]]
      }),
    ),
  ),
  '',
]

/** In the order of time. */
const WHEN: { [when: string]: string } = { beforeCommit: 'before the commit', afterCommit: 'after it' }
