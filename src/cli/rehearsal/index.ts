import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineList } from './list.ts'
import { defineRemove } from './remove.ts'

/** `cutter rehearsal …`: finds and removes the rehearsal databases, which outlive the runs that made them. */
export function defineRehearsalCommands(program: Command): void {
  const group = defineCommand(
    program,
    'rehearsal',
    'list and remove rehearsal databases of migrations',
    'cutter rehearsal list',
  )
  defineList(group)
  defineRemove(group)
}
