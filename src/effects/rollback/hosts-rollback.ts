import type { EffectContext } from '../../domain/effect.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Mode } from '../../domain/run.ts'
import { evidenceOfPlan, readHostPlans } from '../deploy/hosts/hosts-plan.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { RollbackPlan } from './plan.ts'

/** The plan of a rollback on several hosts, which SG2 approves once: the plan of each host, in the order in which they go back. */
export interface HostsRollbackPlan {
  type: 'cutter.plan.rollback-hosts/v1'
  machineVersion: string
  mode: Mode
  /** The deploy to roll back, and the digest of its plan. */
  ofRun: string
  ofPlan: string
  hosts: RollbackPlan[]
}

const HOSTS_ROLLBACK = 'cutter.plan.rollback-hosts/v1'

/** Makes the plan. It is pure: the same arguments give the same plan. */
export const planHostsRollback = (given: Omit<HostsRollbackPlan, 'type'>): HostsRollbackPlan => ({
  type: HOSTS_ROLLBACK,
  ...given,
})

/** The plan of a rollback on several hosts. Null for every other plan. */
export async function readHostsRollback(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<HostsRollbackPlan | null> {
  const plan = await readJsonEvidence<HostsRollbackPlan | RollbackPlan>(context, digest)
  return plan.type === HOSTS_ROLLBACK ? plan : null
}

/**
 * What the phases of one host read by digest: the plan of its rollback, and that of its deploy. An adopted deploy has other names for its
 * hosts, so that the digest finds its plan.
 */
export async function evidenceOfHosts(
  context: Pick<EffectContext, 'evidence'>,
  { ofPlan, hosts }: Pick<HostsRollbackPlan, 'ofPlan' | 'hosts'>,
): Promise<{ host: string; plan: Evidence; made: Evidence[] }[]> {
  const deployed = ((await readHostPlans(context, ofPlan))?.hosts ?? []).map(evidenceOfPlan)
  return hosts.map((plan) => {
    const evidence = jsonEvidence('plan', plan)
    const deploy = deployed.find(({ digest }) => digest === plan.ofPlan)
    const made = deploy === undefined ? [evidence] : [evidence, deploy]
    return { host: plan.host.name, plan: evidence, made }
  })
}
