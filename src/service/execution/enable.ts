import type { Home } from '../../app/open-home.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertOperator } from '../../engine/operators.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { parseDuration } from '../duration.ts'
import { assertReason } from '../reason.ts'
import { type ExecutionAnswer, readExecution } from './status.ts'

/** The switch falls back to off, so it can't be set for longer. */
const MAX_DAYS = 7

export interface EnableExecutionInput {
  /** A duration such as `30m` or `2h`; at most 7d. */
  for: string
  reason: string
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Allows live writes for a time.
 * @throws USAGE when the duration is not valid or the reason is blank, INPUT_REFUSED for a secret, OPERATOR_REFUSED, ACCESS_REFUSED
 */
export async function enableExecution(home: Home, given: EnableExecutionInput): Promise<ExecutionAnswer> {
  assertRole(home, 'allow live writes')
  assertUnlimited(home, 'allow live writes')
  const { store, deps } = await home.app()
  assertNoSecretWords(deps, { '--reason': given.reason, '--by': given.by })
  const now = deps.clock.now()
  await store.setExecutionSwitch({
    enabled: true,
    until: new Date(now.getTime() + parseDuration(given.for, '--for', MAX_DAYS)).toISOString(),
    reason: assertReason(given.reason),
    by: assertOperator(deps, given.by),
    at: now.toISOString(),
  })
  return readExecution(home)
}
