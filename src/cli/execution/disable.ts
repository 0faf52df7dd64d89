import type { Command } from 'commander'
import { action, BY, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printExecution } from './status.ts'

/**
 * `cutter execution disable`: forbids live writes at once, also to working runs, which read the switch before each write. Everyone who
 * reaches the store may do this.
 */
export function defineDisable(group: Command): void {
  defineCommand(
    group,
    'disable',
    'forbid live writes at once',
    'cutter execution disable --reason "incident"',
  )
    .option(...REASON, 'switched off')
    .option(...BY)
    .action(action(disable))
}

function disable(options: GlobalOptions & { reason: string; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { disableExecution } = await import('../../service/execution/disable.ts')
    const { reason, by } = options
    return printExecution(io, await disableExecution(home, { reason, by }))
  })
}
