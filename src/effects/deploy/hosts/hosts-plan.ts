import type { EffectContext } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Mode } from '../../../domain/run.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { DeployPlan } from '../plan.ts'

/**
 * The plan of a deploy to several hosts, which SG1 approves once: the plan of each host, complete, in the order in which the run works on
 * them. The rollback of the run is the rollback of each host that is live by then.
 */
export interface HostsPlan {
  type: 'cutter.plan.deploy-hosts/v1'
  machineVersion: string
  mode: Mode
  /** How many hosts the run works on at a time. */
  serial: 1
  /** The host that goes first. The others follow only once it is live. Null: the first one is like the others. */
  canary: string | null
  /** How many hosts may fail before the run halts. */
  maxFailures: number
  hosts: DeployPlan[]
}

export const HOSTS_PLAN = 'cutter.plan.deploy-hosts/v1'

/** The plan of each host of an approved plan, by the host's name. Null for the plan of one host. */
export async function readHostPlans(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<HostsPlan | null> {
  const plan = await readJsonEvidence<HostsPlan | DeployPlan>(context, digest)
  return plan.type === HOSTS_PLAN ? plan : null
}

/** The plan of one host as a piece of evidence of its own: its digest is the one that the manifest on the host names. */
export const evidenceOfPlan = (plan: DeployPlan) => jsonEvidence('plan', plan)
