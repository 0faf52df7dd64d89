import type { Command } from 'commander'
import { defineCommand, type Runner } from '../define-command.ts'

export function migrateCommands(group: Command, run: Runner): void {
  const verbs = () => import('./new.ts')
  defineCommand(
    group.command('new').description('make a bundle to fill in').argument('<folder>'),
    'cutter migrate new migrations/units-review',
  ).action(run(async (folder, options) => (await verbs()).migrateNew(folder, options)))
  defineCommand(
    group
      .command('lint')
      .description('look at a bundle: shape, hash, statements by PostgreSQL’s own parser, squawk where it is')
      .argument('<folder>'),
    'cutter migrate lint migrations/units-review',
  ).action(run(async (folder, options) => (await verbs()).migrateLint(folder, options)))
}
