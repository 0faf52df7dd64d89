import type { Command } from 'commander'
import { action } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printApproval } from './approval-lines.ts'
import { defineStatementCommand, type StatementOptions } from './statement-options.ts'

/** `cutter approval rehearse`: makes an unsigned approval, so that anyone can carry a dry run through its gates. A live run refuses it. */
export function defineRehearse(group: Command): void {
  defineStatementCommand(
    group,
    'rehearse',
    'make a rehearsal approval, which counts in dry runs only',
    'cutter approval rehearse 0f3a9c1d',
  )
    .option('--as <principal>', 'label of the approver', 'rehearsal')
    .action(action(rehearse))
}

function rehearse(run: string, options: StatementOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { rehearseApproval } = await import('../../service/approvals/rehearse.ts')
    const { as, decision, reason } = options
    return printApproval(io, await rehearseApproval(home, { run, as, decision, reason }))
  })
}
