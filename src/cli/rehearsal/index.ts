import { type Command, Option } from 'commander'
import { BY, defineCommand, type Runner } from '../define-command.ts'

export function rehearsalCommands(group: Command, run: Runner): void {
  const verbs = () => import('./list.ts')
  defineCommand(
    group.command('list').description('copies that rehearsals left, which outlive their runs'),
    'cutter rehearsal list',
  ).action(run(async (options) => (await verbs()).rehearsalList(options)))
  defineCommand(
    group
      .command('remove')
      .description('start the removal of a run’s copies; it waits for a signed approval')
      .argument('<run>'),
    'cutter rehearsal remove 0f3a9c1d',
  )
    .addOption(
      new Option('--mode <mode>', 'dry-run removes nothing').choices(['dry-run', 'live']).default('live'),
    )
    .option(...BY)
    .action(run(async (id, options) => (await verbs()).rehearsalRemove(id, options)))
}
