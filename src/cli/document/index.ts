import type { Command } from 'commander'
import { defineCommand, type Runner } from '../define-command.ts'

export function documentCommands(group: Command, run: Runner): void {
  const verbs = () => import('./scan.ts')
  defineCommand(
    group
      .command('scan')
      .description('how a document would be cut, and what is odd about it')
      .argument('<file>', 'UTF-8 text: Markdown, plain text, HTML'),
    'cutter document scan constitution.md --document ICX-CONST',
  )
    .option('--profile <name>', 'how the document is written (default: detected)')
    .option('--document <id>', 'what addresses begin with (default: from the name of the file)')
    .option('--all', 'list every record, however many there are')
    .action(run(async (file, options) => (await verbs()).documentScan(file, options)))
  defineCommand(
    group
      .command('profiles')
      .description('the ways in which documents are read; with a name: its YAML')
      .argument('[name]'),
    'cutter document profiles markdown > mine.yaml',
  ).action(run(async (name, options) => (await verbs()).documentProfiles(name, options)))
  defineCommand(
    group
      .command('diff')
      .description('what became of each unit between two texts of a document; no run, no database')
      .argument('<old>')
      .argument('<new>'),
    'cutter document diff charter-2010.md charter-2012.md',
  )
    .option('--profile <name>', 'how the document is written (default: detected in the old text)')
    .option('--document <id>', 'what addresses begin with (default: from the name of the old file)')
    .action(
      run(async (before, after, options) => (await import('./diff.ts')).documentDiff(before, after, options)),
    )
}
