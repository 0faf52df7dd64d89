import { Command } from 'commander'
import { VERSION } from '../domain/version.ts'
import { defineApprovalCommands } from './approval/index.ts'
import { defineBatchCommands } from './batch/index.ts'
import { defineCompletion } from './completion/completion.ts'
import { addGlobalOptions, exampleText, USAGE_OUTPUT } from './define-command.ts'
import { defineDemo } from './demo.ts'
import { defineDoctor } from './doctor.ts'
import { defineDocumentCommands } from './document/index.ts'
import { defineExecutionCommands } from './execution/index.ts'
import { defineHoldCommands } from './hold/index.ts'
import { defineInbox } from './inbox.ts'
import { defineInstanceCommands } from './instance/index.ts'
import { defineMachineCommands } from './machine/index.ts'
import { defineMcp } from './mcp.ts'
import { defineMigrateCommands } from './migrate/index.ts'
import { defineRehearsalCommands } from './rehearsal/index.ts'
import { defineRunCommands } from './run/index.ts'
import { defineServe } from './serve.ts'
import { defineStoreCommands } from './store/index.ts'
import { defineTargetCommands } from './target/index.ts'
import { defineTokenCommands } from './token/index.ts'
import { defineVerify } from './verify.ts'

const EXIT_CODES = `
Exit codes: 0 paused at a gate or succeeded · 1 failed or internal error · 2 usage or refused input ·
3 not allowed to continue · 4 no such run, approval, machine or target`

/** The command line: all commands with their options and examples. The use case of a command is loaded when it runs. */
export function buildProgram(): Command {
  const program = new Command('cutter')
    .description('Durable, approval-gated runs for changes that can’t be taken back.')
    .version(VERSION, '--version')
    .exitOverride()
    .configureOutput(USAGE_OUTPUT)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', `${exampleText('cutter demo')}\n${EXIT_CODES}`)
  addGlobalOptions(program)
  defineDemo(program)
  defineRunCommands(program)
  defineInbox(program)
  defineMachineCommands(program)
  defineApprovalCommands(program)
  defineExecutionCommands(program)
  defineDocumentCommands(program)
  defineHoldCommands(program)
  defineBatchCommands(program)
  defineTargetCommands(program)
  defineMigrateCommands(program)
  defineRehearsalCommands(program)
  defineStoreCommands(program)
  defineInstanceCommands(program)
  defineServe(program)
  defineMcp(program)
  defineTokenCommands(program)
  defineVerify(program)
  defineDoctor(program)
  defineCompletion(program)
  return program
}
