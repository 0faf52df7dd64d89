import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'
import { hostsIn } from '../../domain/host-outcomes.ts'
import type { Json } from '../../domain/json.ts'
import { HOSTS_PLAN, type HostsPlan } from '../deploy/hosts/hosts-plan.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import { builtOf } from '../rollback/assert-rollbackable.ts'
import type { ProvenDeploy } from './deps.ts'

/** What a bundle proves of one of several hosts: where the deploy left it, and the list of what its build made there. */
export const provenHost = z.object({
  /** Its name in the plan. */
  host: z.string(),
  state: z.string(),
  why: z.string().nullable(),
  built: z.string().nullable(),
})
export type ProvenHost = z.infer<typeof provenHost>

/** The plan of a deploy that a bundle proves, and of several hosts each of them, in the order of the plan. `hosts` is null for one host. */
export interface ProvenPlan {
  plans: DeployPlan[]
  hosts: ProvenHost[] | null
}

/**
 * Reads the plan of a proven deploy, and where it left its hosts.
 * @throws INPUT_REFUSED when the bundle lacks the plan, or when the deploy is live on none of its hosts
 */
export function readProvenPlan(proven: ProvenDeploy): ProvenPlan {
  const bytes = bytesOf(proven, proven.planDigest)
  const plan = JSON.parse(Buffer.from(bytes).toString('utf8')) as DeployPlan | HostsPlan
  if (plan.type !== HOSTS_PLAN) return { plans: [plan], hosts: null }
  const reported = hostsIn('deploy', proven.output as Json)
  const hosts = plan.hosts.map(({ host: { name } }): ProvenHost => {
    const found = reported.find(({ host }) => host === name)
    const built = found === undefined ? null : builtOf({ output: found as never })
    return { host: name, state: found?.state ?? 'pending', why: found?.why ?? null, built }
  })
  if (!hosts.some(isLive))
    throw new CutterError(
      'INPUT_REFUSED',
      `the evidence bundle of run ${proven.runId} is of a deploy that is live on none of its hosts; nothing was adopted`,
      { next: 'name the bundle of the deploy that made the release: cutter run export <run> --out run.tar' },
    )
  return { plans: plan.hosts, hosts }
}

export const isLive = ({ state }: Pick<ProvenHost, 'state'>) => state === 'live'

/**
 * The bytes of a piece of evidence in a bundle.
 * @throws INPUT_REFUSED when the bundle lacks it
 */
export function bytesOf({ runId, evidence }: ProvenDeploy, digest: string): Uint8Array {
  const bytes = evidence.get(digest)
  if (bytes !== undefined) return bytes
  throw new CutterError(
    'INPUT_REFUSED',
    `the evidence bundle of run ${runId} lacks the evidence ${digest}; nothing was adopted`,
    { next: 'export it again in the home of the deploy: cutter run export <run> --out run.tar' },
  )
}
