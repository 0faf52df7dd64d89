import type { Run } from '../../domain/run.ts'
import type { DeployDeps } from '../deploy/deps.ts'

/** What the effects of a rollback reach: hosts, and the runs that it rolls back. The app provides it. */
export interface RollbackDeps extends Pick<DeployDeps, 'host' | 'adopted'> {
  /**
   * A run of this home, with a record that holds.
   * @throws RUN_NOT_FOUND when there is no such run. @throws STORE_TAMPERED when its record does not hold.
   */
  run(runId: string): Promise<Run>
}
