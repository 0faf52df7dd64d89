import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineResume } from './resume.ts'
import { defineShow } from './show.ts'
import { defineStart } from './start.ts'

/** `cutter batch …`: cuts of many documents. Each document keeps a run, a plan and approvals of its own. */
export function defineBatchCommands(program: Command): void {
  const group = defineCommand(
    program,
    'batch',
    'start one run per document in a folder',
    'cutter batch start ./laws',
  )
  defineStart(group)
  defineShow(group)
  defineResume(group)
}
