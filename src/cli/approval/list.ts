import type { Command } from 'commander'
import type { ListedApproval } from '../../service/approvals/approval-answer.ts'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

/** `cutter approval list`: shows which approvals exist and when each was used, oldest first, of one run or of all. */
export function defineList(group: Command): void {
  defineCommand(group, 'list', 'list the approvals of one run, or of all', 'cutter approval list')
    .argument('[run]', RUN)
    .action(action(list))
}

function list(run: string | undefined, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listApprovals } = await import('../../service/approvals/list.ts')
    const approvals = await listApprovals(home, { run })
    printAnswer(io, approvals, () => linesOfApprovals(approvals))
    return 0
  })
}

function linesOfApprovals(approvals: ListedApproval[]): string[] {
  if (approvals.length === 0) return ['no approvals here yet']
  const rows = approvals.map(({ approvalId, runId, gate, decision, kind, approver, usedAt, countedSeq }) => [
    approvalId,
    runId,
    gate,
    decision,
    kind,
    approver,
    usedAt ?? (countedSeq === null ? 'no' : `counted in entry ${countedSeq}`),
  ])
  return formatTable(['APPROVAL', 'RUN', 'GATE', 'DECISION', 'KIND', 'APPROVER', 'USED'], rows)
}
