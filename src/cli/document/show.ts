import type { Command } from 'commander'
import type { ShownDocument } from '../../service/documents/show.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand } from '../define-command.ts'
import type { Line } from '../line.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'
import { addPlaceOptions, approvedApart, type PlaceOptions, toSecond } from './place-options.ts'

/** `cutter document show`: shows what is in force at an address. */
export function defineShow(group: Command): void {
  addPlaceOptions(
    defineCommand(
      group,
      'show',
      'show what is in force at an address: a unit with its text, or the units of a document',
      'cutter document show ICX-CONST/ARTICLE-2 --as-of 2026-11-28',
    ).argument(
      '<address>',
      'a unit, a paragraph or point of one (…/P2/PT-a), a document, what units stand in, such as a chapter, an address that a text had before, or an id that the source gave it (LAW#art_5)',
    ),
  ).action(action(show))
}

function show(address: string, { target, asOf, ...options }: PlaceOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { showDocument } = await import('../../service/documents/show.ts')
    const shown = await showDocument(home, { address, target, asOf })
    printAnswer(io, shown, () => linesOfShown(shown, io.width))
    return 0
  })
}

function linesOfShown(
  { unit, part, parts, units, address, alias, asOf }: ShownDocument,
  width: number | null,
): Line[] {
  if (unit === null)
    return [
      `${address}: ${units.length} units in force as of ${toSecond(asOf)}${alias === null ? '' : ', which have its text now'}`,
      '',
      ...formatTable(
        ['ADDRESS', 'VERSION', 'SINCE', 'TITLE'],
        units.map(({ address: own, versionSeq, since, title }) => [
          own,
          String(versionSeq),
          toSecond(since),
          title ?? '',
        ]),
        width,
      ),
    ]
  return [
    `address  ${unit.address}`,
    ...(alias === null ? [] : [`alias    ${alias}`]),
    `version  ${unit.versionSeq}, in force since ${toSecond(unit.since)}${approvedApart(unit)}`,
    `run      ${unit.runId ?? 'none of Cutter'}`,
    `text     ${unit.contentHash}`,
    ...(part === null ? partLines(unit.address, parts) : [`part     ${part.address}`]),
    '',
    ...(part ?? unit).text.trimEnd().split(/\r?\n/),
  ]
}

/** The addresses below a unit, without the unit's own. */
function partLines(unit: string, parts: ShownDocument['parts']): Line[] {
  if (parts.length === 0) return []
  const named = parts.slice(0, MOST_PARTS).map(({ address }) => address.slice(unit.length + 1))
  const more = parts.length > MOST_PARTS ? ` and ${parts.length - MOST_PARTS} more` : ''
  return [`parts    ${named.join(', ')}${more}`]
}

const MOST_PARTS = 12
