import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

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
    .option('--offline', 'ask no target and no host: answer as the run last saw them')
    .action(action(explain))
}

function explain(run: string, options: GlobalOptions & { offline?: boolean }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { linesOfExplanation, fitOf } = await import('./explain-lines.ts')
    const { explainRun } = await import('../../service/runs/explain.ts')
    const explanation = await explainRun(home, { run, offline: options.offline })
    printAnswer(io, explanation, () => linesOfExplanation(explanation, fitOf(io.width)))
    return 0
  })
}
