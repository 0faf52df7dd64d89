import { Command } from 'commander'
import { approvalCommands } from './approval/index.ts'
import { batchCommands } from './batch/index.ts'
import { type Action, defineCommand, defineGroup } from './define-command.ts'
import { exportCommand } from './document/export-command.ts'
import { documentCommands } from './document/index.ts'
import { executionCommands } from './execution/index.ts'
import { holdCommands } from './hold/index.ts'
import { machineCommands } from './machine/index.ts'
import { migrateCommands } from './migrate/index.ts'
import { rehearsalCommands } from './rehearsal/index.ts'
import { runCommands } from './run/index.ts'
import { storeCommands } from './store/index.ts'
import { targetCommands } from './target/index.ts'

/** All commands with their options and examples. What a command does is loaded when it is the one. */
export function buildProgram(done: (exitCode: number) => void): Command {
  const run =
    (action: Action) =>
    async (...args: unknown[]) =>
      done(await action(...(args as never[])))
  const program = new Command('cutter')
    .description('Durable, approval-gated runs for changes that can’t be taken back.')
    .version(VERSION, '--version')
    .addHelpText(
      'after',
      '\nExample:\n  cutter demo\n\nExit codes: 0 paused at a gate or succeeded · 1 failed or internal error · 2 usage or refused input ·\n3 not allowed to go on · 4 no such run, approval, machine or target',
    )

  defineCommand(
    program.command('demo').description('the whole story on an embedded PostgreSQL, no set-up'),
    'cutter demo',
  ).action(run(async (options) => (await import('./demo.ts')).demo(options)))

  const some = (name: string, description: string, example: string) =>
    defineGroup(program, name, description, example)
  runCommands(
    some(
      'run',
      'start runs, take them up again, look at them',
      'cutter run start cut --document CHARTER --source charter.md',
    ),
    run,
  )
  machineCommands(some('machine', 'machines, those that ship and your own', 'cutter machine list'), run)
  approvalCommands(some('approval', 'what is signed, and by whom', 'cutter approval rehearse 0f3a9c1d'), run)
  executionCommands(
    some(
      'execution',
      'the execution switch: live writes allowed or not; off by default',
      'cutter execution enable --for 2h --reason "release 7"',
    ),
    run,
  )
  const documents = some(
    'document',
    'look at documents, and give them to others',
    'cutter document scan constitution.md',
  )
  documentCommands(documents, run)
  exportCommand(documents, run)
  holdCommands(
    some(
      'hold',
      'the hold: while it is on, no run starts or goes on',
      'cutter hold on --reason "incident 12"',
    ),
    run,
  )
  batchCommands(some('batch', 'many documents, each a run of its own', 'cutter batch start ./laws'), run)
  targetCommands(
    some('target', 'databases to work on', 'cutter target survey main --document ICX-CONST'),
    run,
  )
  migrateCommands(
    some('migrate', 'bundles of migrations: make one, look at one', 'cutter migrate new migrations/reviews'),
    run,
  )
  rehearsalCommands(
    some('rehearsal', 'copies on which migrations were rehearsed', 'cutter rehearsal list'),
    run,
  )

  storeCommands(
    some(
      'store',
      'where runs are kept: copies of it, and what may go',
      'cutter store backup --out cutter-2026-11-26.db',
    ),
    run,
  )

  program
    .command('verify')
    .description('check a bundle: no home, no database, no network; trust comes from --signers alone')
    .argument('<bundle>')
    .option('--signers <file>', 'your own allowed_signers')
    .option('--json', 'answer with JSON on stdout')
    .addHelpText('after', '\nExample:\n  cutter verify run.tar --signers allowed_signers')
    .action(run(async (file, options) => (await import('./verify.ts')).verify(file, options)))
  defineCommand(
    program.command('doctor').description('looks whether everything that is needed is there'),
    'cutter doctor',
  ).action(run(async (options) => (await import('./doctor.ts')).doctor(options)))
  return program
}

declare const CUTTER_VERSION: string | undefined
const VERSION = typeof CUTTER_VERSION === 'undefined' ? '0.0.0-source' : CUTTER_VERSION
