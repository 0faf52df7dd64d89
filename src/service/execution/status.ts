import type { Home } from '../../app/open-home.ts'
import { describeSwitch } from '../../engine/check-live.ts'
import { assertRole } from '../access/assert-role.ts'
import { stoppingDeps } from '../access/stopping-deps.ts'

/** What execution commands print with `--json`. */
export interface ExecutionAnswer {
  enabled: boolean
  /** When the switch falls back to off, as ISO 8601; null when nobody set it. */
  until: string | null
  /** When the switch was read, as ISO 8601. */
  at: string
  /** `execution.allowLive` of cutter.yaml, which live writes need too. */
  allowLive: boolean
  reason: string | null
  by: string | null
}

/**
 * Reads whether live writes are allowed now. A running service shows the switch also while its cutter.yaml can't be read, which allows nothing.
 * @throws CONFIG_INVALID to whoever runs this process
 */
export async function readExecution(home: Home): Promise<ExecutionAnswer> {
  assertRole(home, 'read the execution switch')
  const config = await home.config().catch((error: unknown) => {
    if (home.caller === null) throw error
    return null
  })
  return describeExecution(home, config?.execution.allowLive ?? false)
}

/** The switch as it is, with what cutter.yaml says of live writes. */
export async function describeExecution(home: Home, allowLive: boolean): Promise<ExecutionAnswer> {
  const { clock } = await stoppingDeps(home)
  const setting = await home.store.executionSwitch()
  return {
    ...describeSwitch(setting, clock.now()),
    allowLive,
    reason: setting?.reason ?? null,
    by: setting?.by ?? null,
  }
}
