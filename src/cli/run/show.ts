import type { Command } from 'commander'
import { describeUnsettled } from '../../domain/begun-writes.ts'
import { describeApprovers, describeReasons } from '../../domain/entry-words.ts'
import { describeAuthor } from '../../domain/history-facts.ts'
import { textInLine } from '../../domain/visible.ts'
import type { ShownRun } from '../../service/runs/show.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { asksForJson, type ListOutput, outputOption, printList, RUN_COLUMNS } from '../list-output.ts'
import { ago, until } from '../relative-time.ts'
import { linesOfRun } from '../run-lines.ts'
import { inHome } from '../session.ts'

/** `cutter run show`: prints where a run is, who started it, and where its reports are. Exit code 0 also when the run stopped or failed. */
export function defineShow(group: Command): void {
  defineCommand(group, 'show', 'show the state of a run', 'cutter run show 0f3a9c1d')
    .argument('<run>', RUN)
    .addOption(outputOption())
    .action(action(show))
}

function show(text: string, options: GlobalOptions & ListOutput): Promise<number> {
  return inHome({ ...options, json: asksForJson(options) }, async ({ home, io }) => {
    const { showRun } = await import('../../service/runs/show.ts')
    const { run, reports } = await showRun(home, { run: text })
    printList(io, options, {
      value: run,
      items: [run],
      columns: RUN_COLUMNS,
      lines: () => linesOfRun(run, io.width, linesOfMore(run, reports, io.width)),
    })
    return 0
  })
}

function linesOfMore(run: ShownRun, reports: string | null, width: number | null): string[] {
  const vouched = VOUCHED[run.operatorDeclared]
  const isUnsigned = run.closeout === 'unsigned'
  const now = new Date()
  const time = (iso: string) => (width === null ? iso : ago(iso, now))
  const end = run.gateExpiresAt
  return [
    `about   ${textInLine(run.about)}`,
    ...(end === null ? [] : [`expires ${width === null ? end : until(end, now)}, by a timer of the chart`]),
    ...run.unsettledWrites.map((write) => `unknown ${describeUnsettled(write)}`),
    ...run.decisions.map(lineOfDecision),
    `by      ${describeAuthor(starterOf(run))} (${vouched}), OS user ${run.osUser}`,
    `started ${time(run.startedAt)}, moved ${time(run.updatedAt)}`,
    ...(isUnsigned ? [`closeout unsigned; this signs it: cutter run export ${run.runId} --out <file>`] : []),
    ...(reports === null ? [] : [`reports ${reports}`]),
  ]
}

const starterOf = ({ startedBy, startedThrough }: ShownRun) => ({
  by: startedBy,
  event: { through: startedThrough },
})

const VOUCHED = { config: 'by cutter.yaml', token: 'by a token', self: 'self-declared' }

const DECIDED = { approve: 'approved', reject: 'rejected', void: 'voided', abandon: 'abandoned' }

function lineOfDecision({ gate, decision, approvers, usedSeq }: ShownRun['decisions'][number]): string {
  const given = describeReasons(
    approvers,
    Object.fromEntries(approvers.map(({ approvalId, reason }) => [approvalId, reason])),
  )
  const why = given === null ? '' : `: ${textInLine(given)}`
  return `decided ${gate ?? 'its gate'} ${DECIDED[decision]} by ${describeApprovers(approvers)}, entry ${usedSeq}${why}`
}
