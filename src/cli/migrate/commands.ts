import type { Command } from 'commander'
import { leaf, type Runner } from '../leaf.ts'

export function migrateCommands(group: Command, run: Runner): void {
  const verbs = () => import('./verbs.ts')
  leaf(
    group.command('new').description('make a bundle to fill in').argument('<folder>'),
    'cutter migrate new migrations/units-review',
  ).action(run(async (folder, options) => (await verbs()).migrateNew(folder, options)))
  leaf(
    group
      .command('lint')
      .description('look at a bundle: shape, hash, statements by PostgreSQL’s own parser, squawk where it is')
      .argument('<folder>'),
    'cutter migrate lint migrations/units-review',
  ).action(run(async (folder, options) => (await verbs()).migrateLint(folder, options)))
}
