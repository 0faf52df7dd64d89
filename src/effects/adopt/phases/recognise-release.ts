import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import type { Evidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { AdoptedRelease } from '../../deploy/adopted-release.ts'
import { contextOfHost, evidenceOfHost } from '../../deploy/hosts/host-context.ts'
import { evidenceOfPlan, readHostPlans } from '../../deploy/hosts/hosts-plan.ts'
import { joinStops } from '../../deploy/hosts/join-stops.ts'
import type { AdoptDeps } from '../deps.ts'
import { nameHosts } from '../name-hosts.ts'
import { isLive, type ProvenHost, provenHost } from '../proven-hosts.ts'
import { recogniseOnHost } from '../recognise-on-host.ts'

const input = z.object({
  host: z.string().optional(),
  proven: z.object({
    run: z.string(),
    plan: z.string(),
    built: z.string().nullable(),
    bundle: z.string(),
    signers: z.array(z.string()),
    /** Left out where the deploy has one host. */
    hosts: z.array(provenHost).optional(),
  }),
})
type Given = z.infer<typeof input>

/** Finds the release on its host, or on each host on which the deploy is live. Hosts that the deploy left otherwise are passed over. */
export const recogniseRelease = (deps: AdoptDeps) =>
  readEffect({
    name: 'recognise_release',
    input,
    output: z.looseObject({ report: z.looseObject({}) }),
    async execute(context, given) {
      const { hosts, ...proven } = given.proven
      if (hosts !== undefined) return recogniseOnHosts(deps, context, given, hosts)
      const { adopted, sent } = await recogniseOnHost(deps, context, proven, given.host ?? null)
      return { output: { report: { adopted } }, evidence: [sent] }
    },
  })

/** @throws Stop with what stopped the phase on any of the hosts, once each was asked */
async function recogniseOnHosts(
  deps: AdoptDeps,
  context: EffectContext,
  { host: given, proven }: Given,
  hosts: ProvenHost[],
) {
  const { run, plan: of, bundle, signers } = proven
  const names = nameHosts(run, hosts, given)
  const { hosts: plans } = (await readHostPlans(context, of))!
  const adopted: AdoptedRelease[] = []
  const evidence: Evidence[] = []
  const stops: [host: string, stop: Stop][] = []
  for (const { host, built } of hosts.filter(isLive)) {
    const name = names.get(host)!
    const plan = evidenceOfPlan(plans.find((one) => one.host.name === host)!)
    const release = { run, plan: plan.digest, built, bundle, signers, of: { plan: of, host } }
    try {
      const found = await recogniseOnHost(deps, contextOfHost(context, name, [plan]), release, name)
      adopted.push(found.adopted)
      evidence.push(...evidenceOfHost(name, [found.sent]))
    } catch (error) {
      if (!(error instanceof Stop) || context.signal.aborted) throw error
      stops.push([name, error])
    }
  }
  if (stops.length > 0) throw joinStops(stops)
  const report = { adopted: adopted as unknown as Json, hosts: hosts.map((one) => reportHost(one, names)) }
  return { output: { report }, evidence }
}

/** A host as `run show` and the closeout list it, by its name in this home. */
function reportHost({ host, state, why }: ProvenHost, names: Map<string, string>): { [key: string]: Json } {
  const name = names.get(host)!
  if (isLive({ state })) return { host: name, state: 'adopted' }
  const because = why === null ? '' : `: ${why}`
  return { host: name, state: 'passed-over', why: `the deploy left it as ${state}${because}` }
}
