import { z } from 'zod'
import { Stop } from '../../../domain/errors.ts'
import { sha256 } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type AdoptedRelease, listAdoptedFaults, readManifest } from '../../deploy/adopted-release.ts'
import type { ArtifactEntry } from '../../deploy/artifact-entry.ts'
import { MANIFEST_NAME } from '../../deploy/artifact-rules.ts'
import { formatManifest, listManifestFaults, readDeployedAt } from '../../deploy/deploy-manifest.ts'
import { readDeployPlan } from '../../deploy/read-deploy-plan.ts'
import { readHost } from '../../deploy/with-host.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { assertSameHost } from '../../rollback/locate-deploy.ts'
import type { AdoptDeps } from '../deps.ts'

const proven = z.object({
  run: z.string(),
  plan: z.string(),
  built: z.string().nullable(),
  bundle: z.string(),
  signers: z.array(z.string()),
})

/**
 * Finds the release on its host: the host must be that of the plan, the manifest must be the one that follows from the plan, and the files
 * must be those that it lists.
 */
export const recogniseRelease = (deps: AdoptDeps) =>
  readEffect({
    name: 'recognise_release',
    input: z.object({ host: z.string().optional(), proven }),
    output: z.looseObject({ report: z.looseObject({}) }),
    async execute(context, given) {
      const { run, plan: planDigest } = given.proven
      const plan = await readDeployPlan(context, planDigest)
      const entries = await readJsonEvidence<ArtifactEntry[]>(context, plan.artifact.listDigest)
      const name = given.host ?? plan.host.name
      const { target } = plan.place
      return readHost(deps, context, name, async (session) => {
        const { hostKey, machineId } = await assertSameHost(session, context, run, plan)
        const text = await readManifest(session, target)
        if (text === '')
          throw new Stop(
            'STOP_REFUSED_INPUT',
            `${target} on the host has no ${MANIFEST_NAME}, so that there is no release of run ${run}; nothing was adopted`,
            { next: 'cutter run cancel <run> --reason …' },
          )
        const made = { runId: run, deployedAt: readDeployedAt(text) }
        const release = { run, target, manifest: sha256(text) }
        const faults = [
          ...listManifestFaults(text, formatManifest(made, plan, planDigest, entries)),
          ...(await listAdoptedFaults(session, release, plan.checks.mutable)),
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
        const adopted: AdoptedRelease = {
          ...given.proven,
          commit: plan.source.commit,
          host: { name, hostKey, machineId },
          target,
          manifest: release.manifest,
        }
        return { output: { report: { adopted } }, evidence: [session.sent('recognise_release')] }
      })
    },
  })
