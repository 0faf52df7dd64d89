import type { Command } from 'commander'
import type { MachineGraph } from '../../service/machines/graph.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { inHome } from '../session.ts'

/** `cutter machine graph`: prints the chart of a machine as a Mermaid state diagram, to be read before a run is started. */
export function defineGraph(group: Command): void {
  defineCommand(group, 'graph', 'draw a machine as a Mermaid diagram', 'cutter machine graph cut')
    .argument('<machine>', 'a name, or the path of a module of your own')
    .action(action(graph))
}

function graph(machine: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { drawMachine } = await import('../../service/machines/graph.ts')
    printGraph(io, await drawMachine(home, { machine }))
    return 0
  })
}

/**
 * Prints a diagram for `machine graph` and `run graph`: the Mermaid text, or with `--json` also the machine, its version and the marked
 * state.
 */
export function printGraph(io: Io, graph: MachineGraph): void {
  printAnswer(io, graph, () => graph.mermaid.trimEnd().split('\n'))
}
