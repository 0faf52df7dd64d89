import { Command, Option } from 'commander'
import { leaf } from './leaf.ts'

const decisions = () =>
  new Option('--decision <decision>').choices(['approve', 'reject', 'void']).default('approve')

type Action = (...args: never[]) => Promise<number>

/** All commands with their options and examples. What a command does is loaded when it is the one. */
export function buildProgram(done: (exitCode: number) => void): Command {
  const run =
    (action: Action) =>
    async (...args: unknown[]) =>
      done(await action(...(args as never[])))
  const program = new Command('cutter')
    .description('Durable, approval-gated runs for changes that can’t be taken back.')
    .version(VERSION, '--version')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit codes: 0 paused at a gate or succeeded · 1 failed or internal error · 2 usage or refused input ·\n3 not allowed to go on · 4 no such run, approval, machine or target',
    )

  leaf(
    program.command('demo').description('the whole story on an embedded PostgreSQL, no set-up'),
    'cutter demo',
  ).action(run(async (options) => (await import('./demo/demo.ts')).demo(options)))

  runCommands(program.command('run').description('start runs, take them up again, look at them'), run)
  approvalCommands(program.command('approval').description('what is signed, and by whom'), run)
  executionCommands(
    program
      .command('execution')
      .description('the execution switch: live writes allowed or not; off by default'),
    run,
  )
  targetCommands(program.command('target').description('databases to work on'), run)

  leaf(
    program.command('doctor').description('looks whether everything that is needed is there'),
    'cutter doctor',
  ).action(run(async (options) => (await import('./doctor.ts')).doctor(options)))
  return program
}

type Runner = (action: Action) => (...args: unknown[]) => Promise<void>

function runCommands(group: Command, run: Runner): void {
  const verbs = () => import('./run/verbs.ts')
  group
    .command('start')
    .description('start a run; its flags are those of the machine’s input (see: cutter run start cut --help)')
    .argument('<machine>', 'cut')
    .argument('[flags...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(
      run(async (machine: string, flags: string[]) =>
        (await import('./run/start.ts')).runStart(machine, flags),
      ),
    )
  leaf(
    group
      .command('resume')
      .description('take a run up again: under an approval, after a stop, after a crash'),
    'cutter run resume --approval ap-4f0c…',
  )
    .argument('[run]', 'id, or a unique prefix or suffix of it; may be left out with --approval')
    .option('--approval <id>')
    .option('--by <who>', 'label of the operator')
    .action(run(async (id, options) => (await verbs()).runResume(id, options)))
  leaf(group.command('list').description('runs, newest first'), 'cutter run list --status paused')
    .addOption(new Option('--status <status>').choices(['working', 'paused', 'stopped', 'closed']))
    .option('--machine <machine>')
    .option('--limit <n>', 'how many at most', '50')
    .action(run(async (options) => (await verbs()).runList(options)))
  leaf(
    group.command('show').description('where a run stands').argument('<run>'),
    'cutter run show 0f3a9c1d',
  ).action(run(async (id, options) => (await verbs()).runShow(id, options)))
  leaf(
    group.command('plan').description('the plan’s bytes, whose SHA-256 is the plan digest').argument('<run>'),
    'cutter run plan 0f3a9c1d | sha256sum',
  ).action(run(async (id, options) => (await verbs()).runPlan(id, options)))
  leaf(
    group.command('history').description('every step of a run').argument('<run>'),
    'cutter run history 0f3a9c1d --verify',
  )
    .option('--verify', 'check the hash chain, replay the run, check its evidence')
    .action(run(async (id, options) => (await verbs()).runHistory(id, options)))
  leaf(
    group.command('cancel').description('close a resting run as cancelled').argument('<run>'),
    'cutter run cancel 0f3a9c1d --reason "wrong file"',
  )
    .requiredOption('--reason <text>')
    .option('--by <who>', 'label of the operator')
    .action(run(async (id, options) => (await verbs()).runCancel(id, options)))
  leaf(
    group.command('retry').description('take up a stopped run again').argument('<run>'),
    'cutter run retry 0f3a9c1d',
  )
    .option('--by <who>', 'label of the operator')
    .action(run(async (id, options) => (await verbs()).runResume(id, options)))
}

function approvalCommands(group: Command, run: Runner): void {
  const verbs = () => import('./approval/verbs.ts')
  const statement = (name: string, description: string, example: string) =>
    leaf(group.command(name).description(description).argument('<run>'), example)
      .addOption(decisions())
      .option('--reason <text>', 'why', '')
  statement(
    'statement',
    'the bytes to sign, without a final newline',
    'cutter approval statement 0f3a9c1d --as alice@example.org > statement.json',
  )
    .requiredOption('--as <principal>', 'who approves, as listed in allowed_signers')
    .action(run(async (id, options) => (await verbs()).approvalStatement(id, options)))
  statement(
    'sign',
    'sign and keep an approval',
    'cutter approval sign 0f3a9c1d --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .requiredOption('--as <principal>', 'who approves, as listed in allowed_signers')
    .requiredOption('--key <file>', 'private key, or the public one of a key in an agent')
    .action(run(async (id, options) => (await verbs()).approvalSign(id, options)))
  leaf(
    group.command('import').description('keep what was signed elsewhere'),
    'cutter approval import --statement statement.json --signature statement.json.sig',
  )
    .requiredOption('--statement <file>')
    .requiredOption('--signature <file>')
    .action(run(async (options) => (await verbs()).approvalImport(options)))
  statement(
    'rehearse',
    'make a rehearsal approval, which counts in dry runs only',
    'cutter approval rehearse 0f3a9c1d',
  )
    .option('--as <principal>', 'label of the approver', 'rehearsal')
    .action(run(async (id, options) => (await verbs()).approvalRehearse(id, options)))
  leaf(
    group.command('list').description('approvals, of one run or all').argument('[run]'),
    'cutter approval list',
  ).action(run(async (id, options) => (await verbs()).approvalList(id, options)))
  leaf(
    group.command('show').description('one approval with its statement and signature').argument('<approval>'),
    'cutter approval show ap-4f0c…',
  ).action(run(async (id, options) => (await verbs()).approvalShow(id, options)))
}

function executionCommands(group: Command, run: Runner): void {
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
    .requiredOption('--reason <text>')
    .option('--by <who>', 'label of the operator')
    .action(run(async (options) => (await verbs()).executionEnable(options)))
  leaf(
    group.command('disable').description('forbid live writes at once'),
    'cutter execution disable --reason "incident"',
  )
    .option('--reason <text>', 'why', 'switched off')
    .option('--by <who>', 'label of the operator')
    .action(run(async (options) => (await verbs()).executionDisable(options)))
}

function targetCommands(group: Command, run: Runner): void {
  const verbs = () => import('./target/verbs.ts')
  leaf(
    group
      .command('init')
      .description('make our tables, functions and roles')
      .argument('[target]', '', 'embedded'),
    'cutter target init main',
  ).action(run(async (name, options) => (await verbs()).targetInit(name, options)))
  leaf(
    group
      .command('survey')
      .description('what a run would see, read as the reader')
      .argument('[target]', '', 'embedded'),
    'cutter target survey main --document ICX-CONST',
  )
    .option('--document <id>', 'count its rows too', '')
    .action(run(async (name, options) => (await verbs()).targetSurvey(name, options)))
}

declare const CUTTER_VERSION: string | undefined
const VERSION = typeof CUTTER_VERSION === 'undefined' ? '0.0.0-source' : CUTTER_VERSION
