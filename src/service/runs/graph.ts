import type { Home } from '../../app/open-home.ts'
import type { MachineGraph } from '../machines/graph.ts'
import { drawMachineDefinition } from '../machines/graph.ts'
import { findRun } from './find-run.ts'

/**
 * Draws the machine of a run as a Mermaid diagram, with the run's state marked. `warnings` says when the installed definition is
 * not the one that the run was started with.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, MACHINE_NOT_FOUND, USAGE when several runs match
 */
export async function drawRun(
  home: Home,
  { run: text }: { run: string },
): Promise<{ graph: MachineGraph; warnings: string[] }> {
  const run = await findRun(home, text)
  const { machine } = await (await home.app()).deps.installed(run.machine, run)
  const isSame = machine.definitionDigest === run.definitionDigest
  return {
    graph: await drawMachineDefinition(machine, run.state),
    warnings: isSame
      ? []
      : [`run ${run.runId} was started with another definition than the one that is drawn`],
  }
}
