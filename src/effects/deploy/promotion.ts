import { Stop } from '../../domain/errors.ts'
import type { HostSession } from './host-session.ts'
import type { DeployPlan } from './plan.ts'
import { parsePairs, readPromoteState } from './read-commands.ts'
import { EXIT } from './write-commands.ts'

/**
 * How far a promote has come. `open`: the tree is not in its place. `moved`: it is, and something is left to do. `done`: nothing is left
 * to do. `busy`: an earlier command still holds the lock. `expired`: nobody confirmed in time, so the host rolled back by itself.
 */
type Promotion = 'open' | 'moved' | 'done' | 'busy' | 'expired'

/** Reads on the host how far this run's promote has come. The manifest in the target that names the run decides. */
export async function readPromotion(
  session: HostSession,
  { runId }: { runId: string },
  { place, pointer }: DeployPlan,
): Promise<Promotion> {
  const command = readPromoteState(place.staging, place.target, runId, pointer?.path, pointer?.to)
  const { exitCode, stdout } = await session.run(command)
  if (exitCode === EXIT.busy) return 'busy'
  const found = parsePairs(stdout.toString('utf8'))
  if (found.expired === 'yes') return 'expired'
  if (found.manifest !== 'yes') return 'open'
  return found.pointer === 'yes' && found.staging === 'no' ? 'done' : 'moved'
}

/**
 * Refuses another host under the same name, before anything is sent to it.
 * @throws STOP_DRIFT when the connected host has another address or key than the approved plan
 */
export function assertPlannedHost(session: HostSession, { host }: Pick<DeployPlan, 'host'>): void {
  const { address, hostKey } = session.host
  if (`${hostKey.type} ${hostKey.fingerprint}` === host.hostKey && address === host.address) return
  throw new Stop(
    'STOP_DRIFT',
    `${address} with ${hostKey.fingerprint} is not the host of the approved plan (${host.address}, ${host.hostKey}); nothing was sent`,
  )
}
