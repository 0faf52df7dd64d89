import type { Home } from '../../app/open-home.ts'
import type { HoldEntry } from '../../domain/hold.ts'
import { messagesOfHold, type Receivers } from '../../domain/message.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertAnyone, assertOperator } from '../../engine/operators.ts'
import { assertRole } from '../access/assert-role.ts'
import { stoppingDeps } from '../access/stopping-deps.ts'
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
 * Through the service, whoever has a token may switch it on, and only an admin may do the rest.
 * @throws USAGE when the reason is blank or the label is not valid, INPUT_REFUSED for a secret, OPERATOR_REFUSED, ACCESS_REFUSED
 */
export async function recordHold(
  home: Home,
  { reason, by }: HoldInput,
  change: HoldChange,
): Promise<HoldAnswer> {
  if (change.kind === 'on') assertRole(home, 'switch the hold on')
  else assertRole(home, change.kind === 'off' ? 'switch the hold off' : 'release a run from the hold')
  const checkedReason = reason === undefined ? null : assertReason(reason)
  const stopping = change.kind === 'on' ? await stoppingDeps(home) : null
  const deps = stopping ?? (await home.app()).deps
  assertNoSecretWords(deps, { '--reason': reason, '--by': by })
  const entry = {
    ...change,
    reason: checkedReason,
    by: stopping === null ? assertOperator(deps, by) : assertAnyone(stopping, by),
    at: deps.clock.now().toISOString(),
  }
  await home.store.recordHold(
    entry as HoldEntry,
    messagesOfHold(await findReceivers(home), entry as HoldEntry),
  )
  deps.log.info(entry, LOGGED[change.kind])
  return readHold(home)
}

/** Nobody may have to correct cutter.yaml before a hold can be switched on. */
const findReceivers = (home: Home): Promise<Receivers> =>
  home.config().then(
    ({ messages }) => messages.receivers,
    () => ({}),
  )

const LOGGED = { on: 'hold switched on', off: 'hold switched off', release: 'run released from the hold' }
