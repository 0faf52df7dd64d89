import type { Command } from 'commander'
import type { Mode } from '../../domain/run.ts'
import { printRun } from '../answers.ts'
import { modeOption, RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  to?: string
  host?: string
  staging?: string
  mode: Mode
  key?: string
  by?: string
}

/**
 * `cutter run rollback`: starts a `rollback` run for a closed live deploy, or for the staging folder of a lost home. The closed run stays as it is. Prints the new run; the exit code
 * is its own.
 */
export function defineRollback(group: Command): void {
  defineCommand(
    group,
    'rollback',
    'start a run that removes what a closed deploy created; it waits at gate SG2',
    'cutter run rollback 0f3a9c1d --mode live',
  )
    .argument('<run>', RUN)
    .option('--to <release>', 'turn the pointer to this release instead; nothing is removed')
    .option('--host <host>', 'with --staging: the host of a staging folder whose run this home does not know')
    .option('--staging <path>', 'that folder; what its run has put elsewhere stays')
    .addOption(modeOption('a dry run removes nothing'))
    .option('--key <key>', 'start key: the same key and run always return the same rollback')
    .option(...BY)
    .action(action(rollback))
}

function rollback(run: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { rollbackRun } = await import('../../service/runs/rollback.ts')
    const { mode, key, by, to, host, staging } = options
    const answer = await rollbackRun(home, { run, to, host, staging, mode, key, by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
