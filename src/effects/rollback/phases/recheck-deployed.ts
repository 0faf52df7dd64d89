import type { RollbackDeps } from '../deps.ts'
import { defineFindOnHosts } from '../find-on-hosts.ts'

/** The last check at SG2: finds what the deploy left once more, and compares the new plan with the approved one. */
export const recheckDeployed = (deps: RollbackDeps) => defineFindOnHosts(deps, 'recheck_deployed')
