import { z } from 'zod'
import type { Effect, EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import { readEffect } from '../../machine/define-effect.ts'
import type { RehearsalDatabaseFacts } from '../../targets/postgres/rehearsal-database.ts'
import type { TeardownDeps } from './deps.ts'

/** The plan of a teardown, as saved: which rehearsal databases of which run are removed. */
export interface TeardownPlan {
  type: 'cutter.plan.teardown/v1'
  machineVersion: string
  mode: string
  ofRun: string
  copies: RehearsalDatabaseFacts[]
  rollback: string
}

/**
 * Makes the read effect that plans the teardown. It runs before the gate as `copies_find`, and at the gate as `recheck_copies`.
 * @throws STOP_REFUSED_INPUT when the run has no rehearsal database, or is not closed
 */
export function planningEffect(deps: TeardownDeps, name: 'copies_find' | 'recheck_copies'): Effect {
  return readEffect({
    name,
    input: z.object({ run: z.string() }),
    output: z.looseObject({ planDigest: z.string() }),
    async execute(context, { run }) {
      const databases = await rehearsalDatabasesOfRun(deps, run)
      if (databases.length === 0) throw noRehearsalDatabaseError(run)
      if (!(await deps.isRunClosed(run))) throw openRunError(run)
      const plan = jsonEvidence('plan/SG1', planTeardown(context, run, databases))
      return {
        output: {
          planDigest: plan.digest,
          report: { copies: databases as unknown as Json, recheck: null },
        },
        evidence: [plan],
      }
    },
  })
}

/** The rehearsal databases that a run left behind, on all servers. */
export async function rehearsalDatabasesOfRun(
  { rehearsalDatabases }: TeardownDeps,
  run: string,
): Promise<RehearsalDatabaseFacts[]> {
  return (await rehearsalDatabases.list()).filter(({ runId }) => runId === run)
}

const planTeardown = (
  { version, mode }: EffectContext,
  run: string,
  databases: RehearsalDatabaseFacts[],
): TeardownPlan => ({
  type: 'cutter.plan.teardown/v1',
  machineVersion: version,
  mode,
  ofRun: run,
  copies: databases,
  // Part of the digest: other words would be drift for a run that waits at its gate.
  rollback: 'none: a removed copy is gone; its backup stays',
})

const noRehearsalDatabaseError = (run: string) =>
  new Stop('STOP_REFUSED_INPUT', `run ${run} has no rehearsal database here; nothing was changed`, {
    next: 'cutter rehearsal list; then cancel this run',
  })

const openRunError = (run: string) =>
  new Stop(
    'STOP_REFUSED_INPUT',
    `run ${run} is not closed and may need its rehearsal database; nothing was changed`,
    {
      next: 'close that run, then resume this one',
    },
  )
