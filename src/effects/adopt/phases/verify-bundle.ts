import { z } from 'zod'
import { CutterError, Stop } from '../../../domain/errors.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { DeployPlan } from '../../deploy/plan.ts'
import { builtOf } from '../../rollback/assert-rollbackable.ts'
import type { AdoptDeps, ProvenDeploy } from '../deps.ts'

/** Verifies the bundle against the signers of this home, and keeps of it what a rollback of the release needs. */
export const verifyBundle = (deps: AdoptDeps) =>
  readEffect({
    name: 'verify_bundle',
    input: z.object({ bundle: z.string() }),
    output: z.looseObject({ proven: z.looseObject({}) }),
    async execute(_context, given) {
      const proven = await readDeploy(deps, given.bundle).catch((error: unknown) => {
        if (!(error instanceof CutterError)) throw error
        throw new Stop('STOP_REFUSED_INPUT', error.message, { next: 'cutter run cancel <run> --reason …' })
      })
      const { runId, planDigest, sha256, signers } = proven
      const built = builtOf({ output: proven.output as never })
      const plan = readPlan(proven)
      const needed = {
        'adopted/plan': planDigest,
        'adopted/artifact-list': plan.artifact.listDigest,
        ...(built === null ? {} : { 'adopted/built': built }),
      }
      return {
        output: {
          proven: { run: runId, plan: planDigest, built, bundle: sha256, signers },
          report: { ofRun: runId, bundle: sha256 },
        },
        evidence: Object.entries(needed).map(([name, digest]) =>
          bytesEvidence(name, 'application/json', Buffer.from(bytesOf(proven, digest))),
        ),
      }
    },
  })

/**
 * The deploy that a bundle proves.
 * @throws INPUT_REFUSED
 */
export async function readDeploy(deps: AdoptDeps, bundle: string): Promise<ProvenDeploy> {
  const proven = await deps.readBundle(bundle)
  readPlan(proven)
  return proven
}

function readPlan(proven: ProvenDeploy): DeployPlan {
  return JSON.parse(Buffer.from(bytesOf(proven, proven.planDigest)).toString('utf8')) as DeployPlan
}

function bytesOf({ runId, evidence }: ProvenDeploy, digest: string): Uint8Array {
  const bytes = evidence.get(digest)
  if (bytes !== undefined) return bytes
  throw new CutterError(
    'INPUT_REFUSED',
    `the evidence bundle of run ${runId} lacks the evidence ${digest}; nothing was adopted`,
    { next: 'export it again in the home of the deploy: cutter run export <run> --out run.tar' },
  )
}
