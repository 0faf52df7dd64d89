import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineCountersign } from './countersign.ts'
import { defineImport } from './import.ts'
import { defineList } from './list.ts'
import { defineRehearse } from './rehearse.ts'
import { defineShow } from './show.ts'
import { defineSign } from './sign.ts'
import { defineStatement } from './statement.ts'

/** `cutter approval …`: the commands of approvers. They keep and show approvals; none of them resumes a run. */
export function defineApprovalCommands(program: Command): void {
  const group = defineCommand(
    program,
    'approval',
    'sign, import and list approvals',
    'cutter approval rehearse 0f3a9c1d',
  )
  defineStatement(group)
  defineSign(group)
  defineImport(group)
  defineRehearse(group)
  defineCountersign(group)
  defineList(group)
  defineShow(group)
}
