import type { EffectContext, EffectResult } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { digestOf, type Json } from '../../../domain/json.ts'
import { type DeployPlan, listPlanDifferences } from '../plan.ts'
import { outputOf, type SeveralInput } from './host-record.ts'
import { HOSTS_PLAN, type HostsPlan, readHostPlans } from './hosts-plan.ts'
import type { FoundOnHosts } from './on-each-host.ts'
import type { Output } from './with-several.ts'

/**
 * The plan of the run from the plan of each host.
 * @throws STOP_REFUSED_INPUT when two names lead to the same place of the same host
 */
function planHosts(
  { mode, version }: Pick<EffectContext, 'mode' | 'version'>,
  { canary, maxFailures }: Pick<SeveralInput, 'canary' | 'maxFailures'>,
  hosts: DeployPlan[],
): HostsPlan {
  const places = new Map<string, string>()
  for (const { host, place } of hosts) {
    const key = `${host.hostKey} ${host.machineId} ${place.target}`
    const other = places.get(key)
    if (other !== undefined)
      throw new Stop(
        'STOP_REFUSED_INPUT',
        `${other} and ${host.name} are one host (${host.address}, ${host.hostKey}); no host was touched`,
        { next: 'cancel the run, and name each host once in another one' },
      )
    places.set(key, host.name)
  }
  return {
    type: HOSTS_PLAN,
    machineVersion: version,
    mode,
    serial: 1,
    canary: canary ?? null,
    maxFailures: maxFailuresOf({ maxFailures }),
    hosts,
  }
}

/** How many hosts may fail before the run halts. */
export const maxFailuresOf = ({ maxFailures }: Pick<SeveralInput, 'maxFailures'>): number =>
  maxFailures === undefined ? 0 : Number.parseInt(maxFailures, 10)

/** The first plan of the run, from the plans that were locked for each host. */
export function joinLocked(
  context: EffectContext,
  given: SeveralInput,
  { records, evidence, plans }: FoundOnHosts,
): EffectResult<Output> {
  const plan = jsonEvidence('plan/SG1', planHosts(context, given, plans))
  return {
    output: outputOf(records, { planDigest: plan.digest, deployPlanDigest: plan.digest }),
    evidence: [...evidence, plan],
  }
}

/**
 * The plan of the run as it is now, against the approved one.
 * @throws STOP_DRIFT when the source moved between two hosts
 */
export async function joinRechecked(
  context: EffectContext,
  given: SeveralInput,
  { records, outputs, evidence, plans }: FoundOnHosts,
): Promise<EffectResult<Output>> {
  const [first] = outputs
  const { sourceDigest, checksDigest, artifactDigest } = first as { [digest: string]: Json }
  const ofSource = { sourceDigest, checksDigest, artifactDigest } as { [digest: string]: Json }
  const moved = outputs.some((output) =>
    Object.entries(ofSource).some(([key, digest]) => output[key] !== digest),
  )
  if (moved)
    throw new Stop(
      'STOP_DRIFT',
      'the source or the checks file changed while the hosts were read; no host was touched',
      {
        next: 'cutter run resume <run> with the approval, once nobody changes them',
      },
    )
  const plan = planHosts(context, given, plans)
  const planned = jsonEvidence('plan/SG1', plan)
  const isApproved = planned.digest === given.planDigest
  const recheck = isApproved ? null : await compareHosts(context, given.planDigest as string, plan)
  return {
    output: outputOf(records, {
      ...ofSource,
      planDigest: planned.digest,
      ...(isApproved ? {} : { deployPlanDigest: planned.digest }),
      report: { recheck },
    }),
    evidence: [...evidence, planned],
  }
}

async function compareHosts(context: EffectContext, approvedDigest: string, now: HostsPlan) {
  const approved = await readHostPlans(context, approvedDigest)
  const differences = now.hosts.flatMap((plan) => {
    const before = approved?.hosts.find(({ host }) => host.name === plan.host.name)
    if (before === undefined) return [`${plan.host.name}: the plan is another one`]
    return digestOf(before) === digestOf(plan)
      ? []
      : listPlanDifferences(before, plan).map((line) => `${plan.host.name}: ${line}`)
  })
  return { message: differences.slice(0, 5).join('; '), differences: differences.slice(0, 100) }
}
