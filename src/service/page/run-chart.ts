import type { Home } from '../../app/open-home.ts'
import type { ChartGraph } from '../../machine/chart-graph.ts'
import { findRun } from '../runs/find-run.ts'

export interface RunChart extends ChartGraph {
  machine: string
  version: string
  definitionDigest: string
  /** The milestone that the run has reached. */
  here: string
  /** The milestones of its history, in the order of its steps, repeats left out. */
  path: string[]
  /** Whether the installed definition is the one that the run was started with. */
  isSame: boolean
}

/**
 * The chart of a run's machine, with the run's state and the path that it took.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, MACHINE_NOT_FOUND, USAGE when several runs match
 */
export async function readRunChart(home: Home, { run: text }: { run: string }): Promise<RunChart> {
  const run = await findRun(home, text)
  const { machine } = await (await home.app()).deps.installed(run.machine, run)
  const { chartGraph } = await import('../../machine/chart-graph.ts')
  const states = (await home.store.history(run.runId)).map(({ state }) => state)
  return {
    machine: machine.name,
    version: machine.version,
    definitionDigest: machine.definitionDigest,
    here: run.state,
    path: states.filter((state, at) => state !== states[at - 1]),
    isSame: machine.definitionDigest === run.definitionDigest,
    ...chartGraph(machine),
  }
}
