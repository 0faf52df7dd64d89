import { Command } from 'commander'
import { approvalCommands } from './approval/commands.ts'
import { batchCommands } from './batch/commands.ts'
import { documentCommands } from './document/commands.ts'
import { exportCommand } from './document/export-command.ts'
import { executionCommands } from './execution-commands.ts'
import { holdCommands } from './hold-commands.ts'
import { type Action, leaf } from './leaf.ts'
import { machineCommands } from './machine/commands.ts'
import { migrateCommands } from './migrate/commands.ts'
import { rehearsalCommands } from './rehearsal/commands.ts'
import { runCommands } from './run/commands.ts'
import { targetCommands } from './target/commands.ts'

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
  machineCommands(program.command('machine').description('machines, those that ship and your own'), run)
  approvalCommands(program.command('approval').description('what is signed, and by whom'), run)
  executionCommands(
    program
      .command('execution')
      .description('the execution switch: live writes allowed or not; off by default'),
    run,
  )
  const documents = program.command('document').description('look at documents, and give them to others')
  documentCommands(documents, run)
  exportCommand(documents, run)
  holdCommands(program.command('hold').description('the hold: while it is on, no run starts or goes on'), run)
  batchCommands(program.command('batch').description('many documents, each a run of its own'), run)
  targetCommands(program.command('target').description('databases to work on'), run)

  migrateCommands(program.command('migrate').description('bundles of migrations: make one, look at one'), run)
  rehearsalCommands(
    program.command('rehearsal').description('copies on which migrations were rehearsed'),
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
  leaf(
    program.command('doctor').description('looks whether everything that is needed is there'),
    'cutter doctor',
  ).action(run(async (options) => (await import('./doctor.ts')).doctor(options)))
  return program
}

declare const CUTTER_VERSION: string | undefined
const VERSION = typeof CUTTER_VERSION === 'undefined' ? '0.0.0-source' : CUTTER_VERSION
