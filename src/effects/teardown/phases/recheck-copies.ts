import type { Effect } from '../../../domain/effect.ts'
import type { TeardownDeps } from '../deps.ts'
import { planningEffect } from '../plan.ts'

/** The last check at the gate: plans again, so that another set of rehearsal databases is drift. */
export const recheckCopies = (deps: TeardownDeps): Effect => planningEffect(deps, 'recheck_copies')
