import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineCreate } from './create.ts'
import { defineList } from './list.ts'
import { defineRevoke } from './revoke.ts'

/** `cutter token …`: tokens of callers of the service. */
export function defineTokenCommands(program: Command): void {
  const group = defineCommand(
    program,
    'token',
    'make, list and revoke tokens of callers of the service',
    'cutter token create --role operator --name deploybot --expires 30d',
  )
  defineCreate(group)
  defineList(group)
  defineRevoke(group)
}
