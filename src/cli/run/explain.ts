import type { Command } from 'commander'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { asksForJson, type ListOutput, outputOption, printList } from '../list-output.ts'
import { inHome } from '../session.ts'

type Options = GlobalOptions & ListOutput & { offline?: boolean }

/**
 * `cutter run explain`: answers what a run waits for, who may give it, what happens then, and what would refuse it now. Changes nothing.
 */
export function defineExplain(group: Command): void {
  defineCommand(
    group,
    'explain',
    'explain what a run waits for, who may approve it, what happens then, and what would refuse it',
    'cutter run explain 0f3a9c1d',
  )
    .argument('<run>', RUN)
    .addOption(outputOption())
    .option('--offline', 'ask no target and no host: answer as the run last saw them')
    .action(action(explain))
}

function explain(run: string, options: Options): Promise<number> {
  return inHome({ ...options, json: asksForJson(options) }, async ({ home, io }) => {
    const { linesOfExplanation, fitOf } = await import('./explain-lines.ts')
    const { explainRun } = await import('../../service/runs/explain.ts')
    const explanation = await explainRun(home, { run, offline: options.offline })
    printList(io, options, {
      value: explanation,
      items: [explanation],
      columns: COLUMNS,
      lines: () => linesOfExplanation(explanation, fitOf(io.width)),
    })
    return 0
  })
}

const COLUMNS = [
  ...['runId', 'mode', 'status', 'state', 'outcome', 'waitsFor', 'approvers', 'policy', 'approvals'],
  ...['ifApproved', 'ifRetried', 'hosts', 'refusals', 'differences', 'differsFrom', 'world', 'hold', 'stop'],
  ...['afterStop', 'upgrade', 'unsettledWrites'],
]
