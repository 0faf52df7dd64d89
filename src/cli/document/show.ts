import type { Command } from 'commander'
import type { ShownDocument } from '../../service/documents/show.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand } from '../define-command.ts'
import type { Line } from '../line.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'
import { addPlaceOptions, type PlaceOptions, toSecond } from './place-options.ts'

/** `cutter document show`: shows what is in force at an address. */
export function defineShow(group: Command): void {
  addPlaceOptions(
    defineCommand(
      group,
      'show',
      'show what is in force at an address: a unit with its text, or the units of a document',
      'cutter document show ICX-CONST/ARTICLE-2 --as-of 2026-11-28',
    ).argument('<address>', 'a unit, a document, or what units stand in, such as a chapter'),
  ).action(action(show))
}

function show(address: string, { target, asOf, ...options }: PlaceOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { showDocument } = await import('../../service/documents/show.ts')
    const shown = await showDocument(home, { address, target, asOf })
    printAnswer(io, shown, () => linesOfShown(shown))
    return 0
  })
}

function linesOfShown({ unit, units, address, asOf }: ShownDocument): Line[] {
  if (unit === null)
    return [
      `${address}: ${units.length} units in force as of ${toSecond(asOf)}`,
      '',
      ...formatTable(
        ['ADDRESS', 'VERSION', 'SINCE', 'TITLE'],
        units.map(({ address: own, versionSeq, since, title }) => [
          own,
          String(versionSeq),
          toSecond(since),
          title ?? '',
        ]),
      ),
    ]
  return [
    `address  ${unit.address}`,
    `version  ${unit.versionSeq}, in force since ${toSecond(unit.since)}`,
    `run      ${unit.runId ?? 'none of Cutter'}`,
    `text     ${unit.contentHash}`,
    '',
    ...unit.text.trimEnd().split(/\r?\n/),
  ]
}
