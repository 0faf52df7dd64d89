import type { Command } from 'commander'
import { defineCommand, type Runner } from '../define-command.ts'

export function machineCommands(group: Command, run: Runner): void {
  const verbs = () => import('./list.ts')
  defineCommand(
    group.command('list').description('every machine that is known here, with its gates'),
    'cutter machine list',
  ).action(run(async (options) => (await verbs()).machineList(options)))
  defineCommand(
    group
      .command('graph')
      .description('a machine as a Mermaid diagram')
      .argument('<machine>', 'a name, or the path of a module of your own'),
    'cutter machine graph cut',
  ).action(run(async (name, options) => (await verbs()).machineGraph(name, options)))
  defineCommand(
    group
      .command('check')
      .description('whether the installed machines can go on with every open run; exit code 3 if not'),
    'cutter machine check',
  ).action(run(async (options) => (await verbs()).machineCheck(options)))
}
