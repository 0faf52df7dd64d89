import type { Effect, EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import type { Evidence } from '../../../domain/evidence.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import type { DeployDeps } from '../deps.ts'
import { CommandFailed } from '../host-session.ts'
import { contextOfHost, evidenceOfHost } from '../hosts/host-context.ts'
import { outputOf, recordsOf, type SeveralInput, severalInput } from '../hosts/host-record.ts'
import { readHostPlans } from '../hosts/hosts-plan.ts'
import type { Output } from '../hosts/with-several.ts'
import { makeStaging } from '../make-staging.ts'
import type { DeployPlan } from '../plan.ts'
import { assertPlannedHost } from '../promotion.ts'
import { parsePairs, readPromoteState } from '../read-commands.ts'
import { isConnectionLost, withHost } from '../with-host.ts'
import { discard, EXIT } from '../write-commands.ts'

/**
 * Takes the staging folder of each host, which refuses other deploys to the same place, before anything changes on any of them. Hosts are locked
 * in the order of their names, so that two runs with the same hosts never wait for each other. Where one is taken, the others are freed.
 */
export const lockHosts = (deps: DeployDeps): Effect =>
  writeEffect({
    name: 'lock_hosts',
    input: severalInput,
    async execute(context, given): Promise<{ output: Output; evidence: Evidence[] }> {
      const evidence: Evidence[] = []
      const locked: DeployPlan[] = []
      for (const plan of await readSorted(context, given)) {
        try {
          evidence.push(...(await lockHost(deps, context, plan)))
          locked.push(plan)
        } catch (error) {
          if (context.signal.aborted || isConnectionLost(error)) throw error
          throw await freeAfterFailure(deps, context, { locked, plan }, error)
        }
      }
      return { output: outputOf(recordsOf(given)), evidence }
    },
    simulate: async (_context, given) => ({ output: outputOf(recordsOf(given)) }),
    async probe(context, given) {
      for (const plan of await readSorted(context, given)) {
        const state = await readLock(deps, context, plan)
        if (state === 'busy')
          return {
            outcome: 'unknown',
            why: `an earlier command of this run is still working on ${plan.host.name}`,
          }
        if (state === 'open') return { outcome: 'not-committed' }
      }
      return { outcome: 'committed', output: outputOf(recordsOf(given)) }
    },
  }) as Effect

/** The plans of the hosts, in the order of their names. */
async function readSorted(context: EffectContext, { planDigest }: SeveralInput): Promise<DeployPlan[]> {
  const plans = await readHostPlans(context, planDigest as string)
  return [...plans!.hosts].sort((a, b) => (a.host.name < b.host.name ? -1 : 1))
}

const lockHost = (deps: DeployDeps, context: EffectContext, plan: DeployPlan): Promise<Evidence[]> => {
  const { name } = plan.host
  return withHost(deps, contextOfHost(context, name, []), name, async (session) => {
    assertPlannedHost(session, plan)
    await makeStaging(session, plan.place.staging, context.runId)
    return evidenceOfHost(name, [session.sent('lock_hosts')])
  })
}

const readLock = (deps: DeployDeps, context: EffectContext, { host, place }: DeployPlan) =>
  withHost(deps, context, host.name, async (session): Promise<'ours' | 'open' | 'busy'> => {
    const command = readPromoteState(place.staging, place.target, context.runId, undefined, undefined)
    const { exitCode, stdout } = await session.run(command)
    if (exitCode === EXIT.busy) return 'busy'
    const { staging, mine } = parsePairs(stdout.toString('utf8'))
    return staging === 'yes' && mine === 'yes' ? 'ours' : 'open'
  })

/** Frees what was locked. Only when that succeeds is the failure a stop, after which nothing of this phase remains. */
async function freeAfterFailure(
  deps: DeployDeps,
  context: EffectContext,
  { locked, plan }: { locked: DeployPlan[]; plan: DeployPlan },
  cause: unknown,
): Promise<unknown> {
  for (const { host, place } of locked) {
    const freed = await withHost(deps, context, host.name, (session) =>
      session.run(discard(place.staging, context.runId)),
    ).catch(() => null)
    if (freed === null || (freed.exitCode !== 0 && freed.exitCode !== EXIT.notOurs)) return cause
  }
  const { name } = plan.host
  const isTaken = cause instanceof CommandFailed && cause.exitCode === EXIT.notOurs
  if (isTaken)
    return new Stop(
      'STOP_DRIFT',
      `${name}: ${plan.place.staging} belongs to another run; no host was changed`,
      {
        next: 'wait for that run, then: cutter run resume <run>',
        cause,
      },
    )
  if (cause instanceof Stop) {
    const { code, message, next } = cause.facts
    return new Stop(code, `${name}: ${message}; no host was changed`, {
      ...(next === undefined ? {} : { next }),
      cause,
    })
  }
  return cause
}
