import type { EffectContext } from '../../domain/effect.ts'
import type { Evidence } from '../../domain/evidence.ts'
import type { Run } from '../../domain/run.ts'
import { readAdopted } from '../deploy/adopted-release.ts'
import { evidenceOfPlan, readHostPlans } from '../deploy/hosts/hosts-plan.ts'

/** One of the hosts of a deploy. `alone`: the run, as if it had made or adopted the deploy there, and nowhere else. */
export interface DeployOnHost {
  /** Its name in this home. */
  host: string
  plan: Evidence
  alone: Run
}

/** The hosts of a deploy to several on which it may be live, in the order of its plan. */
export async function listDeployOnHosts(
  context: Pick<EffectContext, 'evidence'>,
  run: Run,
  planDigest: string,
): Promise<DeployOnHost[]> {
  const plans = (await readHostPlans(context, planDigest))?.hosts ?? []
  return plans.flatMap((plan) => {
    const evidence = evidenceOfPlan(plan)
    const found =
      run.machine === 'adopt' ? adoptedAt(run, plan.host.name) : deployedTo(run, plan.host.name, evidence)
    return found === null ? [] : [{ ...found, plan: evidence }]
  })
}

/** The state of a host in the report of its deploy. Of an abandoned one nobody knows how far it came. */
function deployedTo(run: Run, host: string, { digest }: Evidence): Omit<DeployOnHost, 'plan'> | null {
  const { hosts = [] } = run.output as { hosts?: { host: string; state: string }[] }
  const output = hosts.find((one) => one.host === host)
  if (run.outcome !== 'abandoned' && output?.state !== 'live') return null
  return { host, alone: { ...run, planDigest: digest, output: (output ?? {}) as unknown as Run['output'] } }
}

/** An adoption has one release for each host on which the deploy was live. */
function adoptedAt(run: Run, there: string): Omit<DeployOnHost, 'plan'> | null {
  const release = readAdopted(run).find(({ of }) => of?.host === there)
  if (release === undefined) return null
  const { of: _, ...adopted } = release
  return { host: release.host.name, alone: { ...run, output: { adopted } } }
}
