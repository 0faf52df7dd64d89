import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand } from '../define-command.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'
import { addPlaceOptions, type PlaceOptions, toSecond } from './place-options.ts'

/** `cutter document list`: lists the documents that a target has units of in force. */
export function defineList(group: Command): void {
  addPlaceOptions(
    defineCommand(group, 'list', 'list the documents in force in a target', 'cutter document list'),
  ).action(action(list))
}

function list({ target, asOf, ...options }: PlaceOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listDocuments } = await import('../../service/documents/list.ts')
    const { documents, ...place } = await listDocuments(home, { target, asOf })
    printAnswer(io, { ...place, documents }, () =>
      documents.length === 0
        ? [`nothing is in force in target ${target} as of ${toSecond(place.asOf)}`]
        : formatTable(
            ['DOCUMENT', 'UNITS', 'CHANGED'],
            documents.map(({ document, units, changedAt }) => [document, String(units), toSecond(changedAt)]),
            io.width,
          ),
    )
    return 0
  })
}
