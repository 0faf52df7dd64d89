import type { Command } from 'commander'
import { printWarnings } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { printGraph } from '../machine/graph.ts'
import { inHome } from '../session.ts'

/**
 * `cutter run graph`: prints the chart of a run's machine as a Mermaid state diagram with the run's state marked. A warning on stderr names
 * a definition that is not the one the run was started with.
 */
export function defineGraph(group: Command): void {
  defineCommand(
    group,
    'graph',
    'draw the run’s machine as a Mermaid diagram, with the run’s state marked',
    'cutter run graph 0f3a9c1d',
  )
    .argument('<run>', RUN)
    .action(action(graph))
}

function graph(run: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { drawRun } = await import('../../service/runs/graph.ts')
    const drawn = await drawRun(home, { run })
    printWarnings(io, drawn.warnings)
    printGraph(io, drawn.graph)
    return 0
  })
}
