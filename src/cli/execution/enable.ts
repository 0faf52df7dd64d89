import type { Command } from 'commander'
import { action, BY, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printExecution } from './status.ts'

/**
 * `cutter execution enable`: allows live writes for at most seven days; then the switch is off again by itself. It has no effect without
 * `execution.allowLive` in `cutter.yaml`, which the answer shows too.
 */
export function defineEnable(group: Command): void {
  defineCommand(
    group,
    'enable',
    'allow live writes for a time',
    'cutter execution enable --for 2h --reason "release 7"',
  )
    .requiredOption('--for <time>', 'a duration such as 30m or 2h; at most 7d')
    .requiredOption(...REASON)
    .option(...BY)
    .action(action(enable))
}

function enable(options: GlobalOptions & { for: string; reason: string; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { enableExecution } = await import('../../service/execution/enable.ts')
    const { for: duration, reason, by } = options
    return printExecution(io, await enableExecution(home, { for: duration, reason, by }))
  })
}
