import type { Home } from '../../app/open-home.ts'
import { assertUnlimited } from '../access/scope.ts'
import { type HoldInput, recordHold } from './record-hold.ts'
import type { HoldAnswer } from './status.ts'

/**
 * Switches the hold off.
 * @throws OPERATOR_REFUSED, ACCESS_REFUSED, USAGE when the reason is blank, INPUT_REFUSED for a secret
 */
export async function liftHold(home: Home, given: HoldInput): Promise<HoldAnswer> {
  assertUnlimited(home, 'switch the hold off')
  return recordHold(home, given, { kind: 'off', runId: null })
}
