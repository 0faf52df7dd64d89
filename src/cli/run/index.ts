import { type Command, InvalidArgumentError, Option } from 'commander'
import { BY, defineCommand, type Runner, WHY } from '../define-command.ts'

export function runCommands(group: Command, run: Runner): void {
  const verbs = () => import('./resume.ts')
  group
    .command('start')
    .description('start a run; its flags are those of the machine’s input (see: cutter run start cut --help)')
    .argument('<machine>', 'cut, deploy, migrate, a name in cutter.yaml, or the path of a module of your own')
    .argument('[flags...]')
    .allowUnknownOption()
    .helpOption(false)
    .addHelpText(
      'after',
      '\nExample:\n  cutter run start cut --document CHARTER --source charter.md\n  cutter run start cut --help',
    )
    .action(
      run(async (machine: string, flags: string[], _options: unknown, command: Command) => {
        // Flags are those of a machine: one that stands where its name should be belongs to none.
        if (['--help', '-h'].includes(machine)) command.help()
        if (machine.startsWith('-')) command.error("error: missing required argument 'machine'")
        return (await import('./start.ts')).runStart(machine, flags)
      }),
    )
  defineCommand(
    group
      .command('resume')
      .description('take a run up again: under an approval, after a stop, after a crash'),
    'cutter run resume --approval ap-4f0c…',
  )
    .argument('[run]', 'id, or a unique prefix or suffix of it; may be left out with --approval')
    .option('--approval <id>', 'the approval to bring to the gate; cutter approval list shows them')
    .option(...BY)
    .action(run(async (id, options) => (await verbs()).runResume(id, options)))
  defineCommand(group.command('list').description('runs, newest first'), 'cutter run list --status paused')
    .addOption(
      new Option('--status <status>', 'only those that stand so').choices([
        'working',
        'paused',
        'stopped',
        'closed',
      ]),
    )
    .option('--machine <machine>', 'only those of this machine')
    .option('--limit <n>', 'how many at most', '50')
    .action(run(async (options) => (await verbs()).runList(options)))
  defineCommand(
    group.command('show').description('where a run stands').argument('<run>'),
    'cutter run show 0f3a9c1d',
  ).action(run(async (id, options) => (await verbs()).runShow(id, options)))
  defineCommand(
    group
      .command('plan')
      .description('the plan’s bytes, whose SHA-256 is the plan digest; or the plan for people')
      .argument('<run>'),
    'cutter run plan 0f3a9c1d | sha256sum\n  cutter run plan 0f3a9c1d --format markdown | less',
  )
    .addOption(
      new Option('--format <format>', 'the bytes, or what they mean')
        .choices(['json', 'markdown'])
        .default('json'),
    )
    .option(
      '--page <n>',
      'of the Markdown: list the units of one page (default: all up to 500, else groups)',
      aCount,
    )
    .option('--page-size <n>', 'how many units a page has', aCount, 200)
    .action(run(async (id, options) => (await import('./plan.ts')).runPlan(id, options)))
  defineCommand(
    group.command('history').description('every step of a run').argument('<run>'),
    'cutter run history 0f3a9c1d --verify',
  )
    .option('--verify', 'check the hash chain, replay the run, check its evidence')
    .action(run(async (id, options) => (await verbs()).runHistory(id, options)))
  defineCommand(
    group
      .command('explain')
      .description('what a run waits for, who could approve, what would happen then, and what would refuse')
      .argument('<run>'),
    'cutter run explain 0f3a9c1d',
  ).action(run(async (id, options) => (await import('./explain.ts')).runExplain(id, options)))
  defineCommand(
    group
      .command('graph')
      .description('its machine as a Mermaid diagram, with where it stands')
      .argument('<run>'),
    'cutter run graph 0f3a9c1d',
  ).action(run(async (id, options) => (await import('../machine/list.ts')).runGraph(id, options)))
  defineCommand(
    group
      .command('export')
      .description('everything that a run leaves, in one file that anyone can check')
      .argument('<run>'),
    'cutter run export 0f3a9c1d --out run.tar',
  )
    .requiredOption('--out <file>', 'the bundle to write; it must not exist yet')
    .action(run(async (id, options) => (await import('./export.ts')).runExport(id, options)))
  defineCommand(
    group
      .command('cancel')
      .description('close a run as cancelled; what it has written stays')
      .argument('<run>'),
    'cutter run cancel 0f3a9c1d --reason "wrong file"',
  )
    .requiredOption(...WHY)
    .option(...BY)
    .action(run(async (id, options) => (await verbs()).runCancel(id, options)))
  defineCommand(
    group
      .command('void')
      .description('close a run that waits at a gate as voided, by a signed statement')
      .argument('<run>'),
    'cutter run void 0f3a9c1d --reason "withdrawn" --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .requiredOption('--reason <text>', 'why; goes into the statement and the history')
    .option('--as <principal>', 'who voids, as listed in allowed_signers')
    .option('--key <file>', 'private key, or the public one of a key in an agent')
    .option('--approval <id>', 'a statement that was signed elsewhere and imported, instead')
    .option('--by <who>', 'label of the operator')
    .action(run(async (id, options) => (await import('./void.ts')).runVoid(id, options)))
  defineCommand(
    group
      .command('rollback')
      .description('start a run that takes back what a closed deploy made; it waits at gate SG2')
      .argument('<run>'),
    'cutter run rollback 0f3a9c1d --mode live',
  )
    .addOption(
      new Option('--mode <mode>', 'dry-run removes nothing').choices(['dry-run', 'live']).default('dry-run'),
    )
    .option('--key <key>', 'start key: the same key and run always give the same rollback')
    .option('--by <who>', 'label of the operator')
    .action(run(async (id, options) => (await import('./rollback.ts')).runRollback(id, options)))
  defineCommand(
    group.command('retry').description('take up a stopped run again').argument('<run>'),
    'cutter run retry 0f3a9c1d',
  )
    .option(...BY)
    .action(run(async (id, options) => (await verbs()).runResume(id, options)))
}

function aCount(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It must be a whole number from 1.')
}
