import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'
import { isInScope, isLimited } from '../access/scope.ts'

/** What hold commands print with `--json`. */
export interface HoldAnswer {
  on: boolean
  /** ISO 8601. */
  since: string | null
  reason: string | null
  by: string | null
  /** Ids of the runs that were released while the hold is on. */
  released: string[]
}

/** Reads whether a hold is on, and which runs were released from it: of a caller with a limited token those that the token reaches. */
export async function readHold(home: Home): Promise<HoldAnswer> {
  assertRole(home, 'read the hold')
  const hold = await home.store.hold()
  if (hold === null) return { on: false, since: null, reason: null, by: null, released: [] }
  if (!isLimited(home.caller)) return { on: true, ...hold }
  const runs = await Promise.all(hold.released.map((runId) => home.store.run(runId)))
  const released = runs.filter((run) => run !== null && isInScope(home, run)).map((run) => run!.runId)
  return { on: true, ...hold, released }
}
