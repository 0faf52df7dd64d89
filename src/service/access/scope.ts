import type { Home } from '../../app/open-home.ts'
import { CutterError, noSuchRunError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { TokenScope } from '../../domain/token.ts'

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

/**
 * Checks that the caller's token reaches a run that the caller names by its complete id. Nothing tells whether there is another run of that id.
 * @throws RUN_NOT_FOUND
 */
export async function assertRunInScope(home: Pick<Home, 'caller' | 'store'>, runId: string): Promise<void> {
  if (!isLimited(home.caller)) return
  const run = await home.store.run(runId)
  if (run === null || !isInScope(home, run)) throw noSuchRunError(runId)
}

/** Whether everything that a token reaches is reached by the caller's token, too. */
export async function isTokenInScope(
  home: Pick<Home, 'caller' | 'store'>,
  { machines, runId }: Pick<TokenScope, 'machines' | 'runId'>,
): Promise<boolean> {
  const { caller, store } = home
  if (!isLimited(caller)) return true
  if (runId === null) return machines?.every((machine) => caller?.machines?.includes(machine)) ?? false
  const run = await store.run(runId)
  return run !== null && isInScope(home, run)
}

/**
 * Checks that the caller's token reaches all runs, before something that binds all of them is changed.
 * @param deed what the caller wants to do, as the end of "may not …"
 * @throws ACCESS_REFUSED
 */
export function assertUnlimited({ caller }: Caller, deed: string): void {
  if (!isLimited(caller)) return
  const { name, machines } = caller!
  const own = machines === null ? 'one run' : machines.join(', ')
  throw new CutterError(
    'ACCESS_REFUSED',
    `token ${name} is for ${own} only and may not ${deed}; nothing was changed`,
    {
      next: 'this takes a token that is not limited to machines',
      data: { machines },
    },
  )
}
