import { CutterError } from '../domain/errors.ts'
import type { Definition } from '../domain/history.ts'
import type { Run } from '../domain/run.ts'
import type { Machine, MachineDefinition, Upgrade } from './define.ts'

/**
 * Asserts that a run was started under the installed definition of its machine.
 * @throws MACHINE_CHANGED when it was not.
 */
export function assertSameDefinition(machine: Machine, run: Run): void {
  if (run.definitionDigest === machine.definitionDigest) return
  throw new CutterError(
    'MACHINE_CHANGED',
    `run ${run.runId} was started under machine ${run.machine} ${run.version} (${short(run.definitionDigest)}); ` +
      `installed is ${machine.name} ${machine.version} (${short(machine.definitionDigest)}). Nothing was changed.`,
    {
      next:
        findUpgrade(machine, run) === null
          ? 'install the definition that started it, or add an upgrade from it to the machine'
          : `cutter run resume ${run.runId} upgrades it first`,
      data: { runId: run.runId },
    },
  )
}

const short = (digest: string) => digest.slice(0, 19)

/** Finds a machine's upgrade for a run of another definition: by its definition digest, else by its version. Null when there is none. */
export function findUpgrade({ upgrade = {} }: MachineDefinition, run: Definition): Upgrade | null {
  const key = [run.definitionDigest, run.version].find((name) => Object.hasOwn(upgrade, name))
  return key === undefined ? null : upgrade[key]!
}
