import type { Command } from 'commander'
import { printRun } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

/** `cutter run retry`: continues a stopped or interrupted run. It takes no approval, so it never passes a gate. */
export function defineRetry(group: Command): void {
  defineCommand(group, 'retry', 'resume a stopped run', 'cutter run retry 0f3a9c1d')
    .argument('<run>', RUN)
    .option(...BY)
    .action(action(retry))
}

function retry(run: string, options: GlobalOptions & { by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { retryRun } = await import('../../service/runs/retry.ts')
    const answer = await retryRun(home, { run, by: options.by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
