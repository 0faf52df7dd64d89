import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Evidence } from '../../domain/evidence.ts'
import { sha256 } from '../../domain/json.ts'
import { type AdoptedRelease, listAdoptedFaults, readManifest } from '../deploy/adopted-release.ts'
import type { ArtifactEntry } from '../deploy/artifact-entry.ts'
import { MANIFEST_NAME } from '../deploy/artifact-rules.ts'
import { formatManifest, listManifestFaults, readDeployedAt } from '../deploy/deploy-manifest.ts'
import { readDeployPlan } from '../deploy/read-deploy-plan.ts'
import { readHost } from '../deploy/with-host.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { assertSameHost } from '../rollback/locate-deploy.ts'
import type { AdoptDeps } from './deps.ts'

/** The input of a run is fixed, so that a wrong name needs another run. */
const OTHER_NAME = '; or cancel this run, and adopt the bundle with another --host'

/** What a bundle proves of a deploy on one host. */
export type ProvenRelease = Pick<AdoptedRelease, 'run' | 'plan' | 'built' | 'bundle' | 'signers' | 'of'>

/**
 * Finds a release on its host: the host must be that of the plan, the manifest must be the one that follows from the plan, and the files must
 * be those that it lists.
 * @param host its name in this home; null where it has the name of the plan
 * @throws STOP_DRIFT, STOP_REFUSED_INPUT where there is none, and what a host that can't be asked stops with
 */
export async function recogniseOnHost(
  deps: AdoptDeps,
  context: EffectContext,
  proven: ProvenRelease,
  host: string | null,
): Promise<{ adopted: AdoptedRelease; sent: Evidence }> {
  const { run, plan: planDigest } = proven
  const planned = await readDeployPlan(context, planDigest)
  const entries = await readJsonEvidence<ArtifactEntry[]>(context, planned.artifact.listDigest)
  const name = host ?? planned.host.name
  const plan = { ...planned, host: { ...planned.host, name } }
  const { target } = plan.place
  return readHost(deps, context, name, async (session) => {
    const { hostKey, machineId } = await assertSameHost(session, context, run, plan, OTHER_NAME)
    const text = await readManifest(session, target)
    if (text === '')
      throw new Stop(
        'STOP_REFUSED_INPUT',
        `${target} on the host has no ${MANIFEST_NAME}, so that there is no release of run ${run}; nothing was adopted`,
        { next: 'cutter run cancel <run> --reason …' },
      )
    const made = { runId: run, deployedAt: readDeployedAt(text) }
    const manifest = sha256(text)
    const faults = [
      ...listManifestFaults(text, formatManifest(made, plan, planDigest, entries)),
      ...(await listAdoptedFaults(session, { run, target, manifest }, plan.checks.mutable)),
    ]
    if (faults.length > 0)
      throw new Stop(
        'STOP_DRIFT',
        `${target} is not as run ${run} left it: ${faults.slice(0, 5).join('; ')}; nothing was adopted`,
        {
          next: 'restore it, then: cutter run resume <run>',
          data: { differences: faults.slice(0, 100) },
        },
      )
    const { plan: of, built, bundle, signers } = proven
    const adopted: AdoptedRelease = {
      ...{ run, plan: of, built, bundle, signers },
      commit: plan.source.commit,
      host: { name, hostKey, machineId },
      target,
      manifest,
      ...(proven.of === undefined ? {} : { of: proven.of }),
    }
    return { adopted, sent: session.sent('recognise_release') }
  })
}
