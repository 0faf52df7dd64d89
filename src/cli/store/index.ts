import type { Command } from 'commander'
import { BY, defineCommand, type Runner } from '../define-command.ts'

export function storeCommands(group: Command, run: Runner): void {
  const verbs = () => import('./backup.ts')
  defineCommand(
    group.command('backup').description('a copy of the store, opened and found whole before it counts'),
    'cutter store backup --out cutter-2026-11-26.db',
  )
    .requiredOption('--out <file>', 'the file to write; it must not exist yet')
    .action(run(async (options) => (await verbs()).storeBackup(options)))
  defineCommand(
    group
      .command('restore')
      .description('put a backup in the place of the store, which is kept beside it')
      .argument('<file>', 'what store backup wrote'),
    'cutter store restore cutter-2026-11-26.db',
  )
    .option('--discard-newer', 'though the store holds entries that the backup lacks')
    .action(run(async (file, options) => (await verbs()).storeRestore(file, options)))
  defineCommand(
    group
      .command('prune')
      .description('take closed runs out of the store, each into a bundle; without --into: only say which'),
    'cutter store prune --older-than 365d --into archive',
  )
    .requiredOption('--older-than <time>', 'closed longer ago than this, such as 90d')
    .option('--into <folder>', 'where their bundles are written')
    .option(...BY)
    .action(run(async (options) => (await verbs()).storePrune(options)))
}
