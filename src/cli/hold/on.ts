import type { Command } from 'commander'
import { action, BY, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printHold } from './status.ts'

/**
 * `cutter hold on`: holds all runs of this home. Everyone who reaches the store may do this. A hold that is on starts again, without the
 * releases that it had.
 */
export function defineOn(group: Command): void {
  defineCommand(
    group,
    'on',
    'hold all runs: none starts, and working runs stop before their next write',
    'cutter hold on --reason "incident 12"',
  )
    .requiredOption(...REASON)
    .option(...BY)
    .action(action(switchOn))
}

function switchOn(options: GlobalOptions & { reason: string; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { holdAll } = await import('../../service/holds/on.ts')
    const { reason, by } = options
    return printHold(io, await holdAll(home, { reason, by }))
  })
}
