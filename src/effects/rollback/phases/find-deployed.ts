import type { RollbackDeps } from '../deps.ts'
import { defineFindPhase } from '../find-phase.ts'

/** Finds what a deploy left on its host, and plans its removal. */
export const findDeployed = (deps: RollbackDeps) => defineFindPhase(deps, 'find_deployed')
