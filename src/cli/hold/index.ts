import type { Command } from 'commander'
import { BY, defineCommand, type Runner, WHY } from '../define-command.ts'

export function holdCommands(group: Command, run: Runner): void {
  const verbs = () => import('./status.ts')
  defineCommand(
    group.command('status').description('whether a hold is on, and which runs were let go'),
    'cutter hold status',
  ).action(run(async (options) => (await verbs()).holdStatus(options)))
  defineCommand(
    group
      .command('on')
      .description('hold everything: no run starts or goes on, from the next write of runs at work'),
    'cutter hold on --reason "incident 12"',
  )
    .requiredOption(...WHY)
    .option(...BY)
    .action(run(async (options) => (await verbs()).holdOn(options)))
  defineCommand(
    group.command('off').description('let all runs go'),
    'cutter hold off --reason "incident is over"',
  )
    .option(...WHY)
    .option(...BY)
    .action(run(async (options) => (await verbs()).holdOff(options)))
  defineCommand(
    group
      .command('release')
      .description('let one run go on although the hold is on, until it is switched on anew')
      .argument('<run>'),
    'cutter hold release 0f3a9c1d --reason "mends the incident"',
  )
    .option(...WHY)
    .option(...BY)
    .action(run(async (id, options) => (await verbs()).holdRelease(id, options)))
}
