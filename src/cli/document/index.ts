import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineDiff } from './diff.ts'
import { defineExport } from './export.ts'
import { defineHistory } from './history.ts'
import { defineList } from './list.ts'
import { defineProfiles } from './profiles.ts'
import { defineScan } from './scan.ts'
import { defineSearch } from './search.ts'
import { defineShow } from './show.ts'

/** `cutter document …`: reads documents. None of these commands starts a run or writes to a target. */
export function defineDocumentCommands(program: Command): void {
  const group = defineCommand(
    program,
    'document',
    'scan and compare documents, and read what is in force',
    'cutter document scan constitution.md',
  )
  defineScan(group)
  defineProfiles(group)
  defineDiff(group)
  defineList(group)
  defineShow(group)
  defineHistory(group)
  defineSearch(group)
  defineExport(group)
}
