import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineBackup } from './backup.ts'
import { defineCheck } from './check.ts'
import { defineMove } from './move.ts'
import { definePrune } from './prune.ts'
import { defineRestore } from './restore.ts'

/** `cutter store …`: keeps the store of a home: checks, copies of it, the removal of old runs, and the move to another kind of store. */
export function defineStoreCommands(program: Command): void {
  const group = defineCommand(
    program,
    'store',
    'check, back up, restore, prune and move the store of runs',
    'cutter store backup --out cutter-2026-11-26.db',
  )
  defineCheck(group)
  defineBackup(group)
  defineRestore(group)
  definePrune(group)
  defineMove(group)
}
