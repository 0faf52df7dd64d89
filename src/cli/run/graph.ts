import { type Command, Option } from 'commander'
import type { RunChart } from '../../service/page/run-chart.ts'
import { printWarnings } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { glanceOf } from '../glance.ts'
import { printGraph } from '../machine/graph.ts'
import { inHome, type Session } from '../session.ts'

interface Options extends GlobalOptions {
  format?: 'chart' | 'mermaid'
}

/**
 * `cutter run graph`: draws the chart of a run's machine with the run's state marked: on a terminal as text, elsewhere as a Mermaid state diagram. A
 * warning on stderr names a definition that is not the one that the run was started with.
 */
export function defineGraph(group: Command): void {
  defineCommand(
    group,
    'graph',
    'draw the run’s machine, with the run’s state marked: on a terminal as text, elsewhere as Mermaid',
    'cutter run graph 0f3a9c1d\n  cutter run graph 0f3a9c1d --format mermaid > run.mmd',
  )
    .argument('<run>', RUN)
    .addOption(
      new Option('--format <format>', 'chart: text; mermaid: a diagram').choices(['chart', 'mermaid']),
    )
    .action(action(graph))
}

function graph(run: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { drawRun } = await import('../../service/runs/graph.ts')
    const drawn = await drawRun(home, { run })
    printWarnings(io, drawn.warnings)
    const isChart = options.format === undefined ? io.width !== null : options.format === 'chart'
    if (io.json || !isChart) printGraph(io, drawn.graph)
    else await printChart({ home, io }, run)
    return 0
  })
}

async function printChart({ home, io }: Pick<Session, 'home' | 'io'>, run: string): Promise<void> {
  const [{ readRunChart }, { showRun }, { linesOfChart }] = await Promise.all([
    import('../../service/page/run-chart.ts'),
    import('../../service/runs/show.ts'),
    import('./chart-lines.ts'),
  ])
  const chart: RunChart = await readRunChart(home, { run })
  const shown = (await showRun(home, { run })).run
  for (const line of linesOfChart(chart, glanceOf(shown, shown.hold != null), io.width)) io.out(line)
}
