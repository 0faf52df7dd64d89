import type { Command } from 'commander'
import { BY, defineCommand, type Runner, WHY } from '../define-command.ts'

export function executionCommands(group: Command, run: Runner): void {
  const verbs = () => import('./status.ts')
  defineCommand(
    group.command('status').description('whether live writes are allowed now'),
    'cutter execution status',
  ).action(run(async (options) => (await verbs()).executionStatus(options)))
  defineCommand(
    group.command('enable').description('allow live writes for a time'),
    'cutter execution enable --for 2h --reason "release 7"',
  )
    .requiredOption('--for <time>', 'such as 30m or 2h; at most 7d')
    .requiredOption(...WHY)
    .option(...BY)
    .action(run(async (options) => (await verbs()).executionEnable(options)))
  defineCommand(
    group.command('disable').description('forbid live writes at once'),
    'cutter execution disable --reason "incident"',
  )
    .option(...WHY, 'switched off')
    .option(...BY)
    .action(run(async (options) => (await verbs()).executionDisable(options)))
}
