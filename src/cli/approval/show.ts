import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { linesOfApproval } from './approval-lines.ts'

/** `cutter approval show`: prints an approval with the exact bytes of its statement and their signature, which ssh-keygen can check. */
export function defineShow(group: Command): void {
  defineCommand(
    group,
    'show',
    'show one approval with its statement and signature',
    'cutter approval show ap-4f0c…',
  )
    .argument('<approval>', 'id of the approval')
    .action(action(show))
}

function show(approvalId: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { showApproval } = await import('../../service/approvals/show.ts')
    const approval = await showApproval(home, { approvalId })
    const { statementText, signature } = approval
    printAnswer(io, approval, () => [
      ...linesOfApproval(approval),
      '',
      statementText,
      ...(signature === null ? [] : ['', ...signature.trimEnd().split('\n')]),
    ])
    return 0
  })
}
