import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineLint } from './lint.ts'
import { defineNew } from './new.ts'
import { definePropose } from './propose.ts'

/** `cutter migrate …`: prepares migration bundles. `cutter run start migrate` applies one. */
export function defineMigrateCommands(program: Command): void {
  const group = defineCommand(
    program,
    'migrate',
    'create and check migration bundles',
    'cutter migrate new migrations/reviews',
  )
  defineNew(group)
  defineLint(group)
  definePropose(group)
}
