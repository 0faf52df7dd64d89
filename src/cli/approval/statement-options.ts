import { type Command, Option } from 'commander'
import type { Decision } from '../../domain/approval.ts'
import { RUN } from '../arguments.ts'
import { defineCommand, type GlobalOptions, REASON } from '../define-command.ts'

/** The options of commands that make a statement. */
export interface StatementOptions extends GlobalOptions {
  as: string
  decision: Decision
  reason: string
}

export const AS = ['--as <principal>', 'the principal who approves, as listed in allowed_signers'] as const
export const KEY = ['--key <file>', 'private key, or the public key of one that an agent holds'] as const

/** Defines a command that makes a statement about a run. */
export function defineStatementCommand(
  group: Command,
  name: string,
  description: string,
  example: string,
): Command {
  return defineCommand(group, name, description, example)
    .argument('<run>', RUN)
    .addOption(
      new Option('--decision <decision>', 'what the statement decides')
        .choices(['approve', 'reject', 'void', 'abandon'])
        .default('approve'),
    )
    .option(...REASON, '')
}
