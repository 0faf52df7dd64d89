import type { Command } from 'commander'
import { BY, leaf, type Runner, WHY } from './leaf.ts'

export function executionCommands(group: Command, run: Runner): void {
  const verbs = () => import('./execution.ts')
  leaf(
    group.command('status').description('whether live writes are allowed now'),
    'cutter execution status',
  ).action(run(async (options) => (await verbs()).executionStatus(options)))
  leaf(
    group.command('enable').description('allow live writes for a time'),
    'cutter execution enable --for 2h --reason "release 7"',
  )
    .requiredOption('--for <time>', 'such as 30m or 2h; at most 7d')
    .requiredOption(...WHY)
    .option(...BY)
    .action(run(async (options) => (await verbs()).executionEnable(options)))
  leaf(
    group.command('disable').description('forbid live writes at once'),
    'cutter execution disable --reason "incident"',
  )
    .option(...WHY, 'switched off')
    .option(...BY)
    .action(run(async (options) => (await verbs()).executionDisable(options)))
}
