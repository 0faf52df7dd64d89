import { CutterError } from '../domain/errors.ts'
import type { Definition } from '../domain/history.ts'
import type { Run } from '../domain/run.ts'
import type { Machine, MachineDefinition, Upgrade } from './define.ts'

/** Refuses a run that was started under another definition than the one installed. */
export function assertSameDefinition(machine: Machine, run: Run): void {
  if (run.definitionDigest === machine.definitionDigest) return
  throw new CutterError(
    'MACHINE_CHANGED',
    `run ${run.runId} was started under machine ${run.machine} ${run.version} (${short(run.definitionDigest)}); ` +
      `installed is ${machine.name} ${machine.version} (${short(machine.definitionDigest)}). Nothing was done here.`,
    {
      next:
        findUpgrade(machine, run) === null
          ? `go on with the definition that started it, or bring an upgrade for it, or: cutter run cancel ${run.runId}`
          : `cutter run resume ${run.runId} upgrades it first`,
      data: { runId: run.runId },
    },
  )
}

const short = (digest: string) => digest.slice(0, 19)

/** The upgrade that a machine brings for a run of another definition: for that very definition, else for its version. */
export function findUpgrade({ upgrade = {} }: MachineDefinition, run: Definition): Upgrade | null {
  const key = [run.definitionDigest, run.version].find((name) => Object.hasOwn(upgrade, name))
  return key === undefined ? null : upgrade[key]!
}
