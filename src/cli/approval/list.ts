import type { Command } from 'commander'
import { textInLine } from '../../domain/visible.ts'
import type { ListedApproval } from '../../service/approvals/approval-answer.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { fitLines } from '../fit.ts'
import { shortId } from '../glance.ts'
import type { Line } from '../line.ts'
import { asksForJson, type ListOutput, outputOption, printList } from '../list-output.ts'
import { ago } from '../relative-time.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

type Options = GlobalOptions & ListOutput

/** `cutter approval list`: shows which approvals exist and when each was used, oldest first, of one run or of all. */
export function defineList(group: Command): void {
  defineCommand(group, 'list', 'list the approvals of one run, or of all', 'cutter approval list')
    .argument('[run]', RUN)
    .addOption(outputOption())
    .action(action(list))
}

function list(run: string | undefined, options: Options): Promise<number> {
  return inHome({ ...options, json: asksForJson(options) }, async ({ home, io }) => {
    const { listApprovals } = await import('../../service/approvals/list.ts')
    const approvals = await listApprovals(home, { run })
    printList(io, options, {
      value: approvals,
      items: approvals,
      columns: CSV_COLUMNS,
      lines: () => linesOfApprovals(approvals, io.width),
    })
    return 0
  })
}

const CSV_COLUMNS = [
  ...['approvalId', 'runId', 'machine', 'gate', 'seq', 'planDigest', 'decision', 'kind', 'approver'],
  ...['expiresAt', 'usedAt', 'countedSeq'],
]

function linesOfApprovals(approvals: ListedApproval[], width: number | null): Line[] {
  if (approvals.length === 0) return ['no approvals here yet']
  if (width !== null) return fitLines(fittedApprovals(approvals, new Date()), { width, hang: HANG })
  const rows = approvals.map(({ approvalId, runId, gate, decision, kind, approver, usedAt, countedSeq }) => [
    approvalId,
    runId,
    gate,
    decision,
    kind,
    approver,
    usedAt ?? (countedSeq === null ? 'no' : `counted in entry ${countedSeq}`),
  ])
  return formatTable(['APPROVAL', 'RUN', 'GATE', 'DECISION', 'KIND', 'APPROVER', 'USED'], rows, null)
}

/** Continues below the id, which is needed complete. */
const HANG = 4

/** A line that is broken where it is too long, because an id alone takes half of a terminal. */
const fittedApprovals = (approvals: ListedApproval[], now: Date): Line[] =>
  approvals.map(({ approvalId, runId, gate, decision, kind, approver, usedAt, countedSeq }): Line => {
    const counted = countedSeq === null ? 'not used' : `counted in entry ${countedSeq}`
    const used = usedAt === null ? counted : `used ${ago(usedAt, now)}`
    const at = `${gate ?? 'no gate'} of ${shortId(runId)}`
    return [
      { text: approvalId, style: 'bold' },
      `  ${decision} ${at}, ${kind}, by ${textInLine(approver)}, `,
      { text: used, style: 'dim' },
    ]
  })
