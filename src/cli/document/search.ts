import type { Command } from 'commander'
import type { FoundUnits } from '../../service/documents/search.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand } from '../define-command.ts'
import type { Line } from '../line.ts'
import { inHome } from '../session.ts'
import { addPlaceOptions, type PlaceOptions, toSecond } from './place-options.ts'

/** `cutter document search`: finds units in force by their words. Exit code 0 also when nothing is found. */
export function defineSearch(group: Command): void {
  addPlaceOptions(
    defineCommand(
      group,
      'search',
      'find units in force by words of their text, title or address',
      'cutter document search "right of way"',
    )
      .argument('<words>', 'words that follow each other, in any case')
      .option('--document <id>', 'search this document alone'),
  ).action(action(search))
}

function search(words: string, options: PlaceOptions & { document?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { searchDocuments } = await import('../../service/documents/search.ts')
    const { target, asOf, document } = options
    const found = await searchDocuments(home, { words, document, target, asOf })
    printAnswer(io, found, () => linesOfFound(found))
    return 0
  })
}

function linesOfFound({ words, units, hasMore, asOf }: FoundUnits): Line[] {
  if (units.length === 0) return [`no unit in force as of ${toSecond(asOf)} has “${words}”`]
  return [
    ...units.flatMap(({ address, title, excerpt }): Line[] => [
      [{ text: address, style: 'bold' }, title === null ? '' : `  ${title}`],
      `    ${excerpt}`,
    ]),
    ...(hasMore ? [`there are more than ${units.length}; narrow the words, or name --document`] : []),
  ]
}
