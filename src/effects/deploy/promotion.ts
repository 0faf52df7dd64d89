import { Stop } from '../../domain/errors.ts'
import type { HostSession } from './host-session.ts'
import { type DeployPlan, switchesFirst } from './plan.ts'
import { parsePairs, readPromoteState } from './read-commands.ts'
import { EXIT } from './write-commands.ts'

/**
 * How far a promote has come. `open`: the tree is not in its place. `moved`: it is, and something is left to do. `done`: the release is
 * live. `busy`: an earlier command still holds the lock. `expired`: nobody confirmed in time, so the host rolled back by itself.
 */
type Promotion = 'open' | 'moved' | 'done' | 'busy' | 'expired'

/** Reads on the host how far this run's promote has come. The manifest in the target that names the run decides. */
export async function readPromotion(
  session: HostSession,
  { runId }: { runId: string },
  plan: DeployPlan,
): Promise<Promotion> {
  const { place, pointer } = plan
  const command = readPromoteState(place.staging, place.target, runId, pointer?.path, pointer?.to)
  const { exitCode, stdout } = await session.run(command)
  if (exitCode === EXIT.busy) return 'busy'
  const found = parsePairs(stdout.toString('utf8'))
  if (found.expired === 'yes') return 'expired'
  if (found.manifest !== 'yes') return 'open'
  const left = switchesFirst(plan) && found.staging !== 'no'
  return found.pointer === 'yes' && !left ? 'done' : 'moved'
}

/** The host rolled back by itself. Only its mark of that is left. */
export function notConfirmedError({ place, confirmSeconds }: DeployPlan): Stop {
  return new Stop(
    'STOP_NOT_CONFIRMED',
    `nobody reached the host within ${confirmSeconds} s of the switch, so it rolled back by itself: ${place.target} ${place.strategy === 'replace' ? 'holds the earlier version again' : 'is gone again'}`,
    {
      next: 'find out why it could not be reached; cutter run cancel <run> removes the mark of it, then start another run',
    },
  )
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
