import type { Command } from 'commander'
import { RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printHold } from './status.ts'

/** `cutter hold release`: excepts one run from the hold that is on, such as the run that ends the incident. Only an operator may. */
export function defineRelease(group: Command): void {
  defineCommand(
    group,
    'release',
    'let one run continue although the hold is on, until a hold is switched on again',
    'cutter hold release 0f3a9c1d --reason "fixes the incident"',
  )
    .argument('<run>', RUN)
    .option(...REASON)
    .option(...BY)
    .action(action(release))
}

function release(run: string, options: GlobalOptions & { reason?: string; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { releaseRun } = await import('../../service/holds/release.ts')
    const { reason, by } = options
    return printHold(io, await releaseRun(home, { run, reason, by }))
  })
}
