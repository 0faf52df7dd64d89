import type { RollbackDeps } from '../deps.ts'
import { defineFindPhase } from '../find-phase.ts'

/** The last check at SG2: finds what the deploy left once more, and compares the new plan with the approved one. */
export const recheckDeployed = (deps: RollbackDeps) => defineFindPhase(deps, 'recheck_deployed')
