import type { Command, OutputConfiguration } from 'commander'
import { redactSecretForms } from '../secrets/patterns.ts'

export type Action = (...args: never[]) => Promise<number>
/** Wraps a command’s action so that its answer becomes the exit code. */
export type Runner = (action: Action) => (...args: unknown[]) => Promise<void>

/** Usage errors repeat what was typed, which may be `--password=…`. */
export const USAGE_ERRORS: OutputConfiguration = {
  outputError: (text, write) => write(redactSecretForms(text)),
}

/** Who acts, as every command that changes something takes it. */
export const BY = ['--by <who>', 'label of the operator, recorded beside the OS user'] as const
export const WHY = ['--reason <text>', 'why; it is recorded'] as const

/** Commands of one subject, with an example of the most used one. */
export function defineGroup(program: Command, name: string, description: string, example: string): Command {
  return program.command(name).description(description).addHelpText('after', `\nExample:\n  ${example}`)
}

/** What every command has: `--json`, `--home`, and an example in its help. */
export function defineCommand(command: Command, example: string): Command {
  return command
    .option('--json', 'answer with JSON on stdout')
    .option(
      '--home <folder>',
      'folder with cutter.yaml and var/ (default: CUTTER_HOME, the nearest above with cutter.yaml, or here)',
    )
    .addHelpText('after', `\nExample:\n  ${example}`)
}
