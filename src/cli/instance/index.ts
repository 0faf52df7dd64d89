import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineRotateKey } from './rotate-key.ts'

/** `cutter instance …`: this instance of Cutter, which signs closeouts with a key of its own. */
export function defineInstanceCommands(program: Command): void {
  const group = defineCommand(
    program,
    'instance',
    'the key with which this instance signs closeouts',
    'cutter instance rotate-key --reason "yearly"',
  )
  defineRotateKey(group)
}
