import { CutterError, Stop } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { ExecutionSwitch } from '../store/run-store.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'

/** What the execution switch said when it was read; recorded with what was then done or refused. */
export type SwitchReading = { enabled: boolean; until: string | null; at: string }

export async function readExecutionSwitch({ store, clock }: EngineDeps): Promise<SwitchReading> {
  return describeSwitch(await store.executionSwitch(), clock.now())
}

/** The switch is on only until its time; nobody having set it means off. */
export function describeSwitch(setting: ExecutionSwitch | null, now: Date): SwitchReading {
  const at = now.toISOString()
  if (setting === null || !setting.enabled || setting.until === null)
    return { enabled: false, until: null, at }
  return { enabled: Date.parse(setting.until) > now.getTime(), until: setting.until, at }
}

/** Live needs the config's word and the switch, each by itself; the first that is missing is named. */
export async function assertLiveAllowed(deps: EngineDeps): Promise<SwitchReading> {
  if (!deps.allowLive) {
    throw new CutterError(
      'LIVE_REFUSED',
      'live runs are not allowed here: execution.allowLive is not true in cutter.yaml; nothing was touched',
      {
        next: 'run it dry (the default), or set execution: { allowLive: true }',
      },
    )
  }
  const reading = await readExecutionSwitch(deps)
  if (!reading.enabled) {
    const ended = reading.until === null ? 'is off' : `has been off since ${reading.until}`
    throw new CutterError('LIVE_REFUSED', `the execution switch ${ended}; nothing was touched`, {
      next: 'cutter execution enable --for 2h --reason "…"',
      data: { executionSwitch: reading as unknown as Json },
    })
  }
  return reading
}

/** A live run relies on files that only their owner may write, whenever it is started or taken up. */
export function assertFilesSafe(deps: EngineDeps, installed: InstalledMachine | null): void {
  const fault = deps.filesFault?.(installed?.files ?? []) ?? null
  if (fault === null) return
  const { file, message, next } = fault
  throw new CutterError('FILES_UNSAFE', `${message}; nothing was touched`, { next, data: { file } })
}

/** The same question before each write of a live run that has begun: here a no stops the run. */
export async function assertSwitchBeforeWrite(deps: EngineDeps): Promise<SwitchReading> {
  const reading = await readExecutionSwitch(deps)
  if (deps.allowLive && reading.enabled) return reading
  throw new Stop(
    'STOP_EXECUTION_DISABLED',
    deps.allowLive ? 'the execution switch is off' : 'execution.allowLive is not true in cutter.yaml',
    {
      next: 'cutter execution enable --for 2h --reason "…", then cutter run resume',
      data: { executionSwitch: reading as unknown as Json },
    },
  )
}
