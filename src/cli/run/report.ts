import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter run report`: makes the reports of a run that another process moved, or whose reports were deleted. */
export function defineReport(group: Command): void {
  defineCommand(
    group,
    'report',
    'make the reports of a run, and print their folder',
    'cutter run report 0f3a9c1d',
  )
    .argument('<run>', RUN)
    .action(action(report))
}

function report(run: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { reportRun } = await import('../../service/runs/report.ts')
    const made = await reportRun(home, { run })
    printAnswer(io, made, () => [`run     ${made.runId}, entry ${made.seq}`, `reports ${made.folder}`])
    return 0
  })
}
