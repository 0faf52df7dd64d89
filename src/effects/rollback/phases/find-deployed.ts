import type { RollbackDeps } from '../deps.ts'
import { defineFindOnHosts } from '../find-on-hosts.ts'

/** Finds what a deploy left on its host, and plans its removal. */
export const findDeployed = (deps: RollbackDeps) => defineFindOnHosts(deps, 'find_deployed')
