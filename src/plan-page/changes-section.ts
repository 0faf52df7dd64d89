import {
  count,
  join,
  type Markdown,
  type MarkdownLine,
  md,
  nameSpan,
  paragraph,
  plural,
  prose,
  table,
} from '../domain/markdown.ts'
import type { Stretch } from '../domain/plan-difference.ts'
import { excerpt } from './excerpt.ts'
import type { PlanReading } from './plan-reading.ts'
import type { PlannedUnit, ReadCutPlan } from './plan-schema.ts'
import { withoutHeadingMarks } from './quoted-words.ts'
import { selectUnits, unitText } from './units-section.ts'
import { shortenSame } from './word-stretches.ts'

/** The number of changes that are shown word by word without `--page`. */
const SHOWN = 200

/** What a re-cut changes in the text that is in force; nothing for a first cut. */
export function changeLines(reading: PlanReading, plan: ReadCutPlan): MarkdownLine[] {
  const { endings, aliases, left, otherText, moved } = plan
  const changed = plan.actions.filter(isChange)
  const here = selectUnits(plan.actions, reading) ?? plan.actions
  const known = plan.actions.some(
    ({ oldContentHash }) => oldContentHash !== undefined && oldContentHash !== null,
  )
  if (!known && endings.length === 0 && aliases.length === 0 && otherText.length === 0) return []
  return [
    md`## What changes in the text in force`,
    '',
    ...(changed.length === 0
      ? paragraph(unchangedWords(plan))
      : changedUnitLines(reading, changed, here, aliases)),
    ...table(
      ['goes out of force', 'how', 'its text stands at', 'first and last words'],
      endings.map(({ address, action, contentHash, successors }) => [
        nameSpan(address),
        nameSpan(action),
        successors.length === 0 ? 'nowhere' : successors.map(nameSpan),
        excerpt(reading.texts.get(contentHash) ?? ''),
      ]),
    ),
    ...table(
      ['old address', 'leads to', 'as'],
      aliases.map(({ aliasAddress, address, kind }) => [
        nameSpan(aliasAddress),
        nameSpan(address),
        nameSpan(kind),
      ]),
    ),
    ...otherLines(reading, plan),
    ...(moved.length === 0
      ? []
      : paragraph(md`At another place in the text, with the same words: ${moved.map(nameSpan)}.`)),
    ...(left.length === 0
      ? []
      : paragraph(md`Drafts that this text does not have, left as they are: ${left.map(nameSpan)}.`)),
  ]
}

/**
 * Units with another text, word by word. Without a page the first ones are shown; with a page all of that page, because no other one has them.
 * @param here the units of the page
 * @param aliases where the texts of numbers stand that other texts have now
 */
export function changedUnitLines(
  reading: PlanReading,
  changed: PlannedUnit[],
  here: PlannedUnit[],
  aliases: Aliases,
): MarkdownLine[] {
  const onPage = new Set(here)
  const shown = changed.filter((unit) => onPage.has(unit)).slice(0, reading.page === null ? SHOWN : undefined)
  const more = changed.length - shown.length
  return [
    md`${plural(changed.length, 'unit')} with another text, or new. ~~Struck out~~ is what goes, **bold** is what comes.`,
    '',
    ...shown.flatMap((unit) => amendment(unit, reading, aliases)),
    ...(more > 0
      ? paragraph(md`And ${count(more)} more; ${nameSpan('--page')} N shows those of a page.`)
      : []),
  ]
}

/** Only a plan that changes no text at all says so. */
function unchangedWords({ otherText, moved, endings }: ReadCutPlan): Markdown {
  if (otherText.length > 0) return md`No unit gets another text. The text outside of units changes.`
  return moved.length > 0 || endings.length > 0
    ? md`No unit gets another text.`
    : md`No text that stays in force changes.`
}

/** The text outside of units has no address and no version, so that it is shown where it stands. */
export function otherLines({ differing }: PlanReading, { otherText }: ReadCutPlan): MarkdownLine[] {
  if (otherText.length === 0) return []
  return [
    md`### Text outside of units`,
    '',
    md`${plural(otherText.length, 'place')} with other words or other white space. No unit and no version records them.`,
    '',
    ...otherText.flatMap(({ after, removed, added }): MarkdownLine[] => {
      const [was, is] = [removed.join('\n'), added.join('\n')]
      const isBlank = was.replace(/\s+/gu, '') === is.replace(/\s+/gu, '')
      return [
        after === null ? md`Before the first unit:` : md`After ${nameSpan(after)}:`,
        '',
        md`> ${isBlank ? 'only white space differs' : showChange(differing(was, is))}`,
        '',
      ]
    }),
  ]
}

type Aliases = ReadCutPlan['aliases']

const isChange = ({ action, contentHash, oldContentHash }: PlannedUnit) =>
  action !== 'keep' && contentHash !== oldContentHash

function amendment(unit: PlannedUnit, reading: PlanReading, aliases: Aliases): MarkdownLine[] {
  const { address, title, change = null, from, action, oldContentHash = null, start, end } = unit
  const was = from.filter((old) => old !== address)
  // A number that another text has now: a difference to the text that moved away would say that its words go.
  const movedTo = from.includes(address) ? [] : aliases.filter(({ aliasAddress }) => aliasAddress === address)
  const former =
    movedTo.length === 0
      ? ''
      : md`; the text that had this number stands at ${movedTo.map((alias) => nameSpan(alias.address))} now`
  const head: MarkdownLine[] = [
    md`### ${nameSpan(address)} ${prose(title)}`,
    '',
    md`${change ?? action}${was.length === 0 ? '' : md`, was ${was.map(nameSpan)}`}${former}`,
    '',
  ]
  if (former !== '') return [...head, md`> ${excerpt(unitText(unit, reading))}`, '']
  const old = oldContentHash === null ? undefined : reading.texts.get(oldContentHash)
  if (old === undefined || reading.source === null) {
    const isUnknown = oldContentHash !== null || reading.source === null
    return [
      ...head,
      ...(isUnknown
        ? paragraph(
            md`Not both texts of this unit are among the evidence of the run, so no difference is shown.`,
          )
        : []),
      md`> ${excerpt(unitText(unit, reading))}`,
      '',
    ]
  }
  const now = new TextDecoder().decode(reading.source.subarray(start, end))
  const isBlank = withSingleSpaces(old) === withSingleSpaces(now)
  return [
    ...head,
    md`> ${isBlank ? 'only white space differs' : showChange(reading.differing(old, now))}`,
    '',
  ]
}

const withSingleSpaces = (text: string) => text.replace(/\s+/gu, ' ').trim()

/** What differs, with a little of what stands round it. */
export function showChange(stretches: Stretch[]): Markdown {
  const shown = stretches.flatMap(({ kind, text }, i) => {
    // Signs that only part words have no text to be marked.
    if (text.trim() === '') return []
    if (kind === 'added') return [md`**${text}**`]
    if (kind === 'removed') return [md`~~${text}~~`]
    // A mark of a heading that changes is shown with the other changes.
    const isStart = i === 0 || stretches[i - 1]!.text.endsWith('\n')
    return [prose(shortenSame(withoutHeadingMarks(text, isStart), i === 0, i === stretches.length - 1))]
  })
  return join(shown, ' ')
}
