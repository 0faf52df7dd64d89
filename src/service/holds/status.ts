import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'

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

/** Reads whether a hold is on, and which runs were released from it. */
export async function readHold(home: Home): Promise<HoldAnswer> {
  assertRole(home, 'viewer', 'read the hold')
  const hold = await home.store.hold()
  if (hold === null) return { on: false, since: null, reason: null, by: null, released: [] }
  return { on: true, ...hold }
}
