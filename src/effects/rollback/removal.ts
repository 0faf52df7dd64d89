import type { HostSession } from '../deploy/host-session.ts'
import { parsePairs, readPromoteState } from '../deploy/read-commands.ts'
import { EXIT } from '../deploy/write-commands.ts'
import type { RollbackPlan } from './plan.ts'

/**
 * How far the removal of a deploy has come. `open`: something of the deploy is in its place. `begun`: only in staging. `done`: nowhere.
 * `busy`: an earlier command still holds the lock.
 */
export type Removal = 'open' | 'begun' | 'done' | 'busy'

/** Reads on the host how far the removal of a deploy has come. */
export async function readRemoval(session: HostSession, plan: RollbackPlan): Promise<Removal> {
  const { staging, target, ofRun, pointer, stays, restores } = plan
  const command = readPromoteState(staging, target, ofRun, pointer?.path, pointer?.now)
  const { exitCode, stdout } = await session.run(command)
  if (exitCode === EXIT.busy) return 'busy'
  const found = parsePairs(stdout.toString('utf8'))
  if ((!stays && found.manifest === 'yes') || (pointer !== null && found.pointer === 'yes')) return 'open'
  if (restores !== undefined && found.backup === 'yes') return 'open'
  return found.staging === 'yes' && found.mine === 'yes' ? 'begun' : 'done'
}
