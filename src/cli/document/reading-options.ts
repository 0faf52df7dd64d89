import type { Command } from 'commander'
import type { GlobalOptions } from '../define-command.ts'

/** The options of commands that read a document. */
export interface ReadingOptions extends GlobalOptions {
  profile?: string
  document?: string
}

/**
 * Adds `--profile` and `--document`, which all commands that read a text share. `ofFile` ends the description of `--profile`: in which of
 * several texts the profile is detected. Returns the command.
 */
export function addReadingOptions(command: Command, ofFile: string): Command {
  return command
    .option('--profile <name>', `the profile to read the text with (default: detected${ofFile})`)
    .option('--document <id>', 'the id that addresses begin with (default: from the name of the file)')
}
