import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'

type Caller = Pick<Home, 'caller'>

/** Whether the caller's token reaches a run. Whoever runs this process reaches all of them. */
export function isInScope({ caller }: Caller, { runId, machine }: Pick<Run, 'runId' | 'machine'>): boolean {
  if (caller === null) return true
  if (caller.runId !== null) return caller.runId === runId
  return caller.machines === null || caller.machines.includes(machine)
}

/** Whether the caller's token reaches some runs and not all of them. */
export const isLimited = (caller: Home['caller']) =>
  caller !== null && (caller.runId !== null || caller.machines !== null)

/**
 * Checks that the caller's token reaches a machine, before a run of it is started.
 * @throws ACCESS_REFUSED
 */
export function assertMachineInScope({ caller }: Caller, machine: string): void {
  const machines = caller?.machines ?? null
  if (machines === null || machines.includes(machine)) return
  throw new CutterError(
    'ACCESS_REFUSED',
    `token ${caller!.name} is for ${machines.join(', ')} only, not for machine ${machine}; nothing was started`,
    { next: `this takes a token for machine ${machine}`, data: { machines } },
  )
}
