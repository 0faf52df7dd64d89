import type { Effect } from '../../domain/effect.ts'
import type { TeardownDeps } from './deps.ts'
import { copiesFind } from './phases/copies-find.ts'
import { copiesRemove } from './phases/copies-remove.ts'
import { recheckCopies } from './phases/recheck-copies.ts'

/** Makes the effects of a teardown, by the names that the machine invokes. */
export function teardownEffects(deps: TeardownDeps): Record<string, Effect> {
  const effects = [copiesFind(deps), recheckCopies(deps), copiesRemove(deps)]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect]))
}
