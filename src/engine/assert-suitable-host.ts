import { CutterError } from '../domain/errors.ts'
import { findStartedIn } from '../domain/need.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/**
 * Checks, where hosts share the store, that this one may move a run: it started the run, or has the run’s machine and what the run needs. A live run
 * also needs the rules that were published. Nothing is recorded, so that a suitable host finds the run as it was.
 * @throws HOST_UNSUITABLE with what is missing
 * @throws MACHINE_NOT_FOUND, MACHINE_CHANGED when the machine is not here as the run recorded it
 * @throws LIVE_REFUSED when the rules of this host differ
 */
export async function assertSuitableHost(deps: EngineDeps, run: Run): Promise<void> {
  const { sharing } = deps
  if (sharing === undefined) return
  const startedIn = findStartedIn((await deps.store.history(run.runId))[0])
  const isOwn = startedIn === null ? sharing.hasMoved(run.runId) : startedIn.id === sharing.home().id
  if (!isOwn) {
    const { needs } = await deps.installed(run.machine, run, true)
    const unmet = await sharing.findUnmet(needs?.(run) ?? [])
    if (unmet.length > 0) throw unsuitableError(run, unmet, sharing.home().host, startedIn?.host ?? null)
  }
  if (run.mode !== 'live') return
  const obstacle = (await deps.liveObstacle?.()) ?? null
  if (obstacle?.stopCode !== 'STOP_POLICY_DIFFERS') return
  throw new CutterError('LIVE_REFUSED', `${obstacle.stopCode}: ${obstacle.why}; nothing was changed`, {
    next: obstacle.next,
    data: { runId: run.runId },
  })
}

function unsuitableError(run: Run, unmet: string[], host: string, startedOn: string | null): CutterError {
  const { runId } = run
  const where = startedOn === null ? 'on a host that has it' : `on ${startedOn}, which started it`
  return new CutterError(
    'HOST_UNSUITABLE',
    `run ${runId} needs what this host, ${host}, lacks: ${unmet.join('; ')}; nothing was changed`,
    { next: `continue the run ${where}, or give this host what it lacks`, data: { runId, unmet, startedOn } },
  )
}
