import type { Home } from '../../app/open-home.ts'
import { type HoldInput, recordHold } from './record-hold.ts'
import type { HoldAnswer } from './status.ts'

/**
 * Switches the hold on: no run starts or continues, from the next write of working runs on. A hold that is on already starts again,
 * with this reason and without the earlier releases.
 * @throws USAGE when the reason is blank, INPUT_REFUSED for a secret
 */
export function holdAll(home: Home, given: HoldInput & { reason: string }): Promise<HoldAnswer> {
  return recordHold(home, given, { kind: 'on', runId: null })
}
