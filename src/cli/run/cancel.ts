import type { Command } from 'commander'
import { printRun } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

/**
 * `cutter run cancel`: gives a run up. What it has committed stays, and the answer states what that is. Exit code 3, because the run did
 * not succeed. A closed run is answered as it is.
 */
export function defineCancel(group: Command): void {
  defineCommand(
    group,
    'cancel',
    'close a run as cancelled; what a cut or a migration has committed stays, and a deploy first removes what it made on its host',
    'cutter run cancel 0f3a9c1d --reason "wrong file"',
  )
    .argument('<run>', RUN)
    .requiredOption(...REASON)
    .option(...BY)
    .action(action(cancel))
}

function cancel(run: string, options: GlobalOptions & { reason: string; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { cancelRun } = await import('../../service/runs/cancel.ts')
    const { reason, by } = options
    const answer = await cancelRun(home, { run, reason, by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
