import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Host } from '../../targets/ssh/open-host.ts'
import { createHostSession, type HostSession } from './host-session.ts'

/** What the effects of a deploy reach for; the app brings it. */
export interface DeployDeps {
  /** Opens a host by its name in cutter.yaml, or an alias of ~/.ssh/config. Stops with STOP_HOST_*, nothing sent, when it can't. */
  host(name: string, signal: AbortSignal): Promise<Host>
  /** What a file of checks holds, parsed. Throws INPUT_REFUSED for what can't be read. */
  readChecks(path: string): Promise<unknown>
  /** Whether the way back may be tried out beside the target before the plan is approved. */
  mayRehearseRollback(host: string): boolean
}

/** Work on a host, from connecting to the end, with the list of what was sent. */
export async function withHost<T>(
  world: Pick<DeployDeps, 'host'>,
  context: EffectContext,
  name: string,
  work: (hand: HostSession) => Promise<T>,
): Promise<T> {
  const host = await world.host(name, context.signal)
  try {
    return await work(createHostSession(host, context))
  } finally {
    host.close()
  }
}

/** The same for work that may as well be done again: a lost connection is a stop, and leaves no question. */
export async function readHost<T>(
  world: Pick<DeployDeps, 'host'>,
  context: EffectContext,
  name: string,
  work: (hand: HostSession) => Promise<T>,
): Promise<T> {
  try {
    return await withHost(world, context, name, work)
  } catch (error) {
    if (!isConnectionLost(error) || context.signal.aborted) throw error
    throw new Stop(
      'STOP_HOST_UNREACHABLE',
      `the connection to host ${name} was lost in the midst of this phase, which can be done again as often as needed`,
      { next: 'cutter run resume <run>', cause: error },
    )
  }
}

export const isConnectionLost = (error: unknown) => error instanceof Error && error.name === 'HostLost'

export async function readEvidenceJson<T>(context: EffectContext, digest: string): Promise<T> {
  return JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8')) as T
}
