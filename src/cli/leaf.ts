import type { Command, OutputConfiguration } from 'commander'
import { withoutSecretForms } from '../domain/secret-values.ts'

export type Action = (...args: never[]) => Promise<number>
/** Wraps a command’s action so that its answer becomes the exit code. */
export type Runner = (action: Action) => (...args: unknown[]) => Promise<void>

/** Usage errors repeat what was typed, which may be `--password=…`. */
export const USAGE_ERRORS: OutputConfiguration = {
  outputError: (text, write) => write(withoutSecretForms(text)),
}

/** What every command has: `--json`, `--home`, and an example in its help. */
export function leaf(command: Command, example: string): Command {
  return command
    .option('--json', 'answer with JSON on stdout')
    .option(
      '--home <folder>',
      'folder with cutter.yaml and var/ (default: CUTTER_HOME, the nearest above with cutter.yaml, or here)',
    )
    .addHelpText('after', `\nExample:\n  ${example}`)
}
