import type { Home } from '../../app/open-home.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertAnyone } from '../../engine/operators.ts'
import { assertRole } from '../access/assert-role.ts'
import { stoppingDeps } from '../access/stopping-deps.ts'
import { assertReason } from '../reason.ts'
import { describeExecution, type ExecutionAnswer } from './status.ts'

export interface DisableExecutionInput {
  reason: string
  /** Label of the operator. Anybody who reaches the store may forbid live writes, so it may be any label. */
  by?: string | undefined
}

/**
 * Forbids live writes at once.
 * @throws USAGE when the reason is blank or the label is not valid, INPUT_REFUSED for a secret, ACCESS_REFUSED for a read-only link
 */
export async function disableExecution(home: Home, given: DisableExecutionInput): Promise<ExecutionAnswer> {
  assertRole(home, 'switch live writes off')
  const deps = await stoppingDeps(home)
  assertNoSecretWords(deps, { '--reason': given.reason, '--by': given.by })
  await home.store.setExecutionSwitch({
    enabled: false,
    until: null,
    reason: assertReason(given.reason),
    by: assertAnyone(deps, given.by),
    at: deps.clock.now().toISOString(),
  })
  // A config that can't be read allows nothing.
  const config = await home.config().catch(() => null)
  return describeExecution(home, config?.execution.allowLive ?? false)
}
