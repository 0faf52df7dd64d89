import type { Command, OutputConfiguration } from 'commander'
import { visible, visibleLines } from '../domain/visible.ts'
import { redactSecretForms } from '../service/redact.ts'
import { currentPlace } from './place.ts'

/** The options that every command takes. They are options of the program, so they may stand before or after the verb. */
export interface GlobalOptions {
  /** Print JSON on stdout, and nothing else. */
  json?: boolean
  /** The folder that holds cutter.yaml and var/. */
  home?: string
}

/** Where the output goes to no terminal, in characters. */
const HELP_WIDTH = 80

/** A hint that commander writes on a line of its own. */
const HINT = /\n(?=\(Did you mean [^\n]*\)$)/

/** Usage errors repeat the command line, which may hold `--password=…` and line ends. Help repeats what a machine says of its input. */
export const USAGE_OUTPUT: OutputConfiguration = {
  writeOut: (text) => void currentPlace().stdout.writable.write(visibleLines(text).join('\n')),
  writeErr: (text) => void currentPlace().stderr.writable.write(text),
  getOutHelpWidth: () => currentPlace().stdout.columns ?? HELP_WIDTH,
  getErrHelpWidth: () => currentPlace().stderr.columns ?? HELP_WIDTH,
  getOutHasColors: () => false,
  getErrHasColors: () => false,
  outputError: (text, write) => write(`${visible(redactSecretForms(text.trimEnd().replace(HINT, ' ')))}\n`),
}

/** `--by`, for every command that changes something. */
export const BY = ['--by <who>', 'label of the operator; recorded together with the OS user'] as const
/** `--reason`, for every command that must or may be justified. */
export const REASON = ['--reason <text>', 'the reason; it is recorded'] as const

/** Adds `--json` and `--home` to a command. */
export function addGlobalOptions(command: Command): Command {
  return command
    .option('--json', 'print JSON on stdout')
    .option(
      '--home <folder>',
      'folder with cutter.yaml and var/ (default: CUTTER_HOME, else the nearest folder upward with cutter.yaml, else the current folder)',
    )
}

/** Adds a command, or a group of commands, with an example to its parent. */
export function defineCommand(parent: Command, name: string, description: string, example: string): Command {
  return parent.command(name).description(description).addHelpText('after', exampleText(example))
}

/** The end of a help text. */
export const exampleText = (example: string) => `\nExample:\n  ${example}`

/**
 * Makes a commander action of a function that gets the command's arguments and all options, the global ones included, and
 * resolves to the exit code of the process.
 */
export function action<Arguments extends unknown[]>(
  perform: (...given: Arguments) => Promise<number>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command
    const options = command.optsWithGlobals()
    const place = currentPlace()
    place.command = nameOf(command)
    place.exit(await perform(...([...given.slice(0, -2), options] as Arguments)))
  }
}

/** The words of a command after the name of the program, such as `run show`. */
function nameOf(command: Command): string {
  const { parent } = command
  const group = parent === null || parent.parent === null ? '' : `${nameOf(parent)} `
  return `${group}${command.name()}`
}
