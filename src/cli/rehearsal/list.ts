import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

/**
 * `cutter rehearsal list`: shows the rehearsal databases that still take space on the known servers, each with its run, so that they can be
 * removed.
 */
export function defineList(group: Command): void {
  defineCommand(
    group,
    'list',
    'list the rehearsal databases of migrations, which outlive their runs',
    'cutter rehearsal list',
  ).action(action(list))
}

function list(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listRehearsals } = await import('../../service/rehearsals/list.ts')
    const rehearsals = await listRehearsals(home)
    const rows = rehearsals.map(({ runId, target, place, database, madeAt }) => [
      runId,
      target,
      place,
      database,
      madeAt,
    ])
    printAnswer(io, rehearsals, () =>
      rehearsals.length === 0
        ? ['no rehearsal databases here']
        : formatTable(['RUN', 'TARGET', 'ON', 'DATABASE', 'MADE'], rows, io.width),
    )
    return 0
  })
}
