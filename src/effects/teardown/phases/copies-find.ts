import type { Effect } from '../../../domain/effect.ts'
import type { TeardownDeps } from '../deps.ts'
import { planningEffect } from '../plan.ts'

/** Finds the rehearsal databases of a closed run, and plans their removal. */
export const copiesFind = (deps: TeardownDeps): Effect => planningEffect(deps, 'copies_find')
