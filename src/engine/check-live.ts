import { CutterError, Stop } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { ExecutionSwitch } from '../store/run-store.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'

/** The execution switch as it was read. It is recorded with the write or the refusal that followed. Times are ISO 8601. */
export type SwitchReading = { enabled: boolean; until: string | null; at: string }

/** Reads the execution switch now. */
export async function readExecutionSwitch({ store, clock }: EngineDeps): Promise<SwitchReading> {
  return describeSwitch(await store.executionSwitch(), clock.now())
}

/** The reading as a field of an entry. The closing entry of every run has one, also of a dry run. */
export async function recordSwitch(deps: EngineDeps): Promise<{ executionSwitch: Json }> {
  return { executionSwitch: (await readExecutionSwitch(deps)) as unknown as Json }
}

/** Tells whether the switch is on at a time. It is on only until its end, and off if nobody has set it. */
export function describeSwitch(setting: ExecutionSwitch | null, now: Date): SwitchReading {
  const at = now.toISOString()
  if (setting === null || !setting.enabled || setting.until === null)
    return { enabled: false, until: null, at }
  return { enabled: Date.parse(setting.until) > now.getTime(), until: setting.until, at }
}

/**
 * Checks that a live run may start: by the config, then by the execution switch, then by what hosts must have alike. Returns the reading of the switch.
 * @throws LIVE_REFUSED with the first permission that is missing
 */
export async function assertLiveAllowed(deps: EngineDeps): Promise<SwitchReading> {
  if (!(await deps.allowLive())) {
    throw new CutterError(
      'LIVE_REFUSED',
      'live runs are not allowed here: execution.allowLive is not true in cutter.yaml; nothing was changed',
      {
        next: 'start a dry run (the default), or set execution: { allowLive: true }',
      },
    )
  }
  const reading = await readExecutionSwitch(deps)
  if (!reading.enabled) {
    const ended = reading.until === null ? 'is off' : `has been off since ${reading.until}`
    throw new CutterError('LIVE_REFUSED', `the execution switch ${ended}; nothing was changed`, {
      next: 'cutter execution enable --for 2h --reason "…"',
      data: { executionSwitch: reading as unknown as Json },
    })
  }
  const obstacle = (await deps.liveObstacle?.()) ?? null
  if (obstacle === null) return reading
  const { stopCode, why, next } = obstacle
  throw new CutterError('LIVE_REFUSED', `${stopCode}: ${why}; nothing was changed`, { next })
}

/**
 * Checks that a live run may write before an approval of its gate is used: one that is used while no write may follow is lost.
 * @throws LIVE_REFUSED, whose message starts with `what`
 */
export async function assertLiveAtGate(
  deps: EngineDeps,
  run: Run,
  what = 'the gate stays closed',
): Promise<void> {
  if (run.mode !== 'live') return
  const { ways, reading, why } = await readPermissions(deps)
  if (why === null) return
  throw new CutterError('LIVE_REFUSED', `${what}: ${why}`, {
    next: `${ways}, then cutter run resume ${run.runId} with the approval`,
    data: { runId: run.runId, executionSwitch: reading as unknown as Json },
  })
}

/**
 * Checks that only their owner may write the files that decide in a live run, and those of its machine.
 * @throws FILES_UNSAFE
 */
export function assertFilesSafe(deps: EngineDeps, installed: InstalledMachine | null): void {
  const fault = deps.filesFault?.(installed?.files ?? []) ?? null
  if (fault === null) return
  const { file, message, next } = fault
  throw new CutterError('FILES_UNSAFE', `${message}; nothing was changed`, { next, data: { file } })
}

/**
 * Checks config and execution switch before a write of a live run, and returns the reading of the switch.
 * @throws Stop STOP_EXECUTION_DISABLED, STOP_POLICY_DIFFERS or STOP_COMMITS_NOT_REPLICATED
 */
export async function assertSwitchBeforeWrite(deps: EngineDeps): Promise<SwitchReading> {
  const { stopCode, ways, reading, why } = await readPermissions(deps)
  if (why === null) return reading
  throw new Stop(stopCode, why, {
    next: `${ways}, then cutter run resume`,
    data: { executionSwitch: reading as unknown as Json },
  })
}

const waysToAllow = (isAllowed: boolean) =>
  isAllowed
    ? 'cutter execution enable --for 2h --reason "…"'
    : 'set execution: { allowLive: true } in cutter.yaml'

/** What allows live writes now; `why` says which is missing, and is null when all are there. `ways` says how to get it. */
async function readPermissions(deps: EngineDeps) {
  const isAllowed = await deps.allowLive()
  const reading = await readExecutionSwitch(deps)
  if (isAllowed && reading.enabled) {
    const { stopCode, why, next } = (await deps.liveObstacle?.()) ?? NO_OBSTACLE
    return { reading, why, stopCode, ways: next }
  }
  const why = isAllowed ? 'the execution switch is off' : 'execution.allowLive is not true in cutter.yaml'
  return { reading, why, stopCode: 'STOP_EXECUTION_DISABLED' as const, ways: waysToAllow(isAllowed) }
}

const NO_OBSTACLE = { stopCode: 'STOP_EXECUTION_DISABLED' as const, why: null, next: '' }
