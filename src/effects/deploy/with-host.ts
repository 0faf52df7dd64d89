import { setTimeout as sleep } from 'node:timers/promises'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { KeepableHost } from '../../targets/ssh/kept-hosts.ts'
import type { DeployDeps } from './deps.ts'
import { createHostSession, type HostSession } from './host-session.ts'

/** Does the work over a connection to a host. After a failure it is abandoned; otherwise the next phase may use it. */
export async function withHost<T>(
  deps: Pick<DeployDeps, 'host'>,
  context: EffectContext,
  name: string,
  work: (session: HostSession) => Promise<T>,
): Promise<T> {
  return workOn(await deps.host(name, context.signal), context, work)
}

/** As `withHost`, over a connection made now, which proves that the host still lets the user in. */
export async function withNewLogin<T>(
  deps: Pick<DeployDeps, 'host'>,
  context: EffectContext,
  name: string,
  work: (session: HostSession) => Promise<T>,
): Promise<T> {
  return workOn(await deps.host(name, context.signal, { newLogin: true }), context, work)
}

async function workOn<T>(
  host: KeepableHost,
  context: EffectContext,
  work: (session: HostSession) => Promise<T>,
): Promise<T> {
  let result: T
  try {
    result = await work(createHostSession(host, context))
  } catch (error) {
    host.abandon()
    throw error
  }
  host.keep()
  return result
}

/**
 * As `withHost`, for work that can be repeated: the outcome of a lost connection is not in question.
 * @throws STOP_HOST_UNREACHABLE when the connection is lost during the work.
 */
export async function withRepeatableWork<T>(
  deps: Pick<DeployDeps, 'host'>,
  context: EffectContext,
  name: string,
  work: (session: HostSession) => Promise<T>,
  connect: typeof withHost = withHost,
): Promise<T> {
  try {
    return await connect(deps, context, name, work)
  } catch (error) {
    if (!isConnectionLost(error) || context.signal.aborted) throw error
    throw new Stop(
      'STOP_HOST_UNREACHABLE',
      `the connection to host ${name} was lost during this phase, which can be repeated`,
      { next: 'cutter run resume <run>', cause: error },
    )
  }
}

/** Pauses before a read is done again, in milliseconds. */
const PAUSES_MS = [500, 2_000, 6_000]

/**
 * As `withRepeatableWork`, for work that only reads: when the connection is lost, the work is done again a few times, with growing pauses.
 * @param connect `withNewLogin` for the last check at a gate, which trusts no earlier connection
 * @throws STOP_HOST_UNREACHABLE when the connection is lost during the last attempt, or cannot be made again.
 */
export async function readHost<T>(
  deps: Pick<DeployDeps, 'host'>,
  context: EffectContext,
  name: string,
  work: (session: HostSession) => Promise<T>,
  connect: typeof withHost = withHost,
): Promise<T> {
  let lost = false
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await withRepeatableWork(deps, context, name, work, connect)
    } catch (error) {
      const isUnreachable = error instanceof Stop && error.facts.code === 'STOP_HOST_UNREACHABLE'
      lost ||= isUnreachable && isConnectionLost(error.cause)
      const pause = isUnreachable && lost ? PAUSES_MS[attempt] : undefined
      if (pause === undefined && isUnreachable && isConnectionLost(error.cause) && !context.signal.aborted)
        throw lostAgainError(name, attempt + 1, error.cause)
      if (pause === undefined || context.signal.aborted) throw error
      context.progress(`the connection to host ${name} was lost; trying again`)
      await sleep(pause, undefined, { signal: context.signal })
    }
  }
}

/** A host that ends each connection is not one whose network failed once: only its sshd can say why. */
const lostAgainError = (name: string, times: number, cause: unknown) =>
  new Stop(
    'STOP_HOST_UNREACHABLE',
    `host ${name} let the user in, and the connection was lost ${times} times in a row while it was asked; nothing was changed in this phase`,
    {
      next: 'run the command true there with ssh; where that fails too, the log of sshd on the host says why (a ChrootDirectory, a login shell, a limit); then cutter run resume <run>',
      cause,
    },
  )

/** Whether an error says that the connection broke during the work, so that the outcome of the last command is unknown. */
export const isConnectionLost = (error: unknown) => error instanceof Error && error.name === 'HostLost'
