import type { Command } from 'commander'
import { defineCommand, type Runner } from '../define-command.ts'

export function targetCommands(group: Command, run: Runner): void {
  const verbs = () => import('./survey.ts')
  defineCommand(
    group
      .command('init')
      .description('make our tables, functions and roles')
      .argument('[target]', '', 'embedded'),
    'cutter target init main',
  ).action(run(async (name, options) => (await verbs()).targetInit(name, options)))
  defineCommand(
    group
      .command('survey')
      .description('what a run would see, read as the reader')
      .argument('[target]', '', 'embedded'),
    'cutter target survey main --document ICX-CONST',
  )
    .option('--document <id>', 'count its rows too', '')
    .action(run(async (name, options) => (await verbs()).targetSurvey(name, options)))
  defineCommand(
    group
      .command('grants')
      .description('what each role may do there, fact by fact, against what it must; exit code 3 if not')
      .argument('[target]', '', 'embedded'),
    'cutter target grants main',
  ).action(run(async (name, options) => (await verbs()).targetGrants(name, options)))
}
