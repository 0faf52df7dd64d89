import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineBackup } from './backup.ts'
import { defineCheck } from './check.ts'
import { definePrune } from './prune.ts'
import { defineRestore } from './restore.ts'

/** `cutter store …`: keeps the store of a home: checks, copies of it, and the removal of old runs. */
export function defineStoreCommands(program: Command): void {
  const group = defineCommand(
    program,
    'store',
    'check, back up, restore and prune the store of runs',
    'cutter store backup --out cutter-2026-11-26.db',
  )
  defineCheck(group)
  defineBackup(group)
  defineRestore(group)
  definePrune(group)
}
