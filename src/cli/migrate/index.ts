import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineImport } from './import.ts'
import { defineLint } from './lint.ts'
import { defineMerge } from './merge.ts'
import { defineNew } from './new.ts'
import { definePropose } from './propose.ts'
import { defineStatus } from './status.ts'

/** `cutter migrate …`: prepares migration bundles. `cutter run start migrate` applies one. */
export function defineMigrateCommands(program: Command): void {
  const group = defineCommand(
    program,
    'migrate',
    'create and check migration bundles',
    'cutter migrate new migrations/reviews',
  )
  defineNew(group)
  defineImport(group)
  defineLint(group)
  definePropose(group)
  defineMerge(group)
  defineStatus(group)
}
