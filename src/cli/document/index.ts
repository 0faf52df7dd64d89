import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineDiff } from './diff.ts'
import { defineExport } from './export.ts'
import { defineProfiles } from './profiles.ts'
import { defineScan } from './scan.ts'

/** `cutter document …`: reads documents. None of these commands starts a run or writes to a target. */
export function defineDocumentCommands(program: Command): void {
  const group = defineCommand(
    program,
    'document',
    'scan, compare and export documents',
    'cutter document scan constitution.md',
  )
  defineScan(group)
  defineProfiles(group)
  defineDiff(group)
  defineExport(group)
}
