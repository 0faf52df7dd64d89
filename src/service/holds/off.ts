import type { Home } from '../../app/open-home.ts'
import { type HoldInput, recordHold } from './record-hold.ts'
import type { HoldAnswer } from './status.ts'

/**
 * Switches the hold off.
 * @throws OPERATOR_REFUSED, USAGE when the reason is blank, INPUT_REFUSED for a secret
 */
export function liftHold(home: Home, given: HoldInput): Promise<HoldAnswer> {
  return recordHold(home, given, { kind: 'off', runId: null })
}
