import type { Effect, ReadEffect, WriteEffect } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { assertRollbackable, hasSeveralHosts } from './assert-rollbackable.ts'
import type { RollbackDeps } from './deps.ts'
import { assertUnknownRun } from './lost-staging/assert-unknown-run.ts'
import { namesLostStaging } from './lost-staging/plan.ts'
import { closeoutOnHosts, takeBackOnHosts } from './on-hosts.ts'
import { closeout } from './phases/closeout.ts'
import { findDeployed } from './phases/find-deployed.ts'
import { recheckDeployed } from './phases/recheck-deployed.ts'
import { takeBack } from './phases/take-back.ts'

export type { RollbackDeps } from './deps.ts'

/** The effects of a rollback, by the names that the machine invokes. */
export function rollbackEffects(deps: RollbackDeps): Record<string, Effect> {
  const effects: Effect[] = [
    findDeployed(deps),
    recheckDeployed(deps),
    takeBackOnHosts(takeBack(deps) as WriteEffect),
    closeoutOnHosts(closeout(deps) as ReadEffect),
  ]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect]))
}

/**
 * Checks, before a run exists, that there is something to roll back.
 * @throws INPUT_REFUSED when there is not.
 */
export async function admitRollback(
  deps: RollbackDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  if (namesLostStaging(input)) await assertUnknownRun(deps, input.run as string)
  else await assertWayBack(deps, input)
  return input
}

async function assertWayBack(deps: RollbackDeps, { run: id, to }: { [key: string]: Json }): Promise<void> {
  const run = await deps.run(id as string)
  const { runId } = assertRollbackable(run)
  if (to === undefined || !hasSeveralHosts(run)) return
  throw new CutterError(
    'INPUT_REFUSED',
    `run ${runId} deployed to several hosts, of which each has releases of its own, so that --to ${to} names none; nothing was touched`,
    {
      next: `cutter run rollback ${runId}, which takes all of its hosts back; or deploy the commit of that release`,
    },
  )
}
