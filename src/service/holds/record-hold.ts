import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import type { HoldEntry } from '../../domain/hold.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertLabel, assertOperator } from '../../engine/operators.ts'
import { assertReason } from '../reason.ts'
import { type HoldAnswer, readHold } from './status.ts'

export interface HoldInput {
  reason?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

type HoldChange = { kind: 'on' | 'off'; runId: null } | { kind: 'release'; runId: string }

/**
 * Records a change of the hold. Whoever reaches the store may switch a hold on; only an operator may switch it off or release a run.
 * @throws USAGE when the reason is blank or the label is not valid, INPUT_REFUSED for a secret, OPERATOR_REFUSED
 */
export async function recordHold(
  home: Home,
  { reason, by }: HoldInput,
  change: HoldChange,
): Promise<HoldAnswer> {
  const checkedReason = reason === undefined ? null : assertReason(reason)
  const { deps } = await home.app()
  assertNoSecretWords(deps, { '--reason': reason, '--by': by })
  const entry = {
    ...change,
    reason: checkedReason,
    by: whoChanges(deps, change, by),
    at: deps.clock.now().toISOString(),
  }
  await home.store.recordHold(entry as HoldEntry)
  return readHold(home)
}

function whoChanges(deps: App['deps'], { kind }: HoldChange, by: string | undefined): string {
  if (kind !== 'on') return assertOperator(deps, by)
  return by === undefined ? deps.osUser : assertLabel(by, '--by')
}
