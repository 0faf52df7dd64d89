import type { Command } from 'commander'
import type { Mode } from '../../domain/run.ts'
import { printRun } from '../answers.ts'
import { modeOption, RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

/**
 * `cutter rehearsal remove`: starts a `teardown` run, live by default, which removes the rehearsal databases of a run after its approval.
 * Prints the new run; the exit code is its own.
 */
export function defineRemove(group: Command): void {
  defineCommand(
    group,
    'remove',
    'start a run that removes the rehearsal databases of a run; it waits for a signed approval',
    'cutter rehearsal remove 0f3a9c1d',
  )
    .argument('<run>', RUN)
    .addOption(modeOption('a dry run removes nothing', 'live'))
    .option(...BY)
    .action(action(remove))
}

function remove(run: string, options: GlobalOptions & { mode: Mode; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { removeRehearsal } = await import('../../service/rehearsals/remove.ts')
    const { mode, by } = options
    const answer = await removeRehearsal(home, { run, mode, by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
