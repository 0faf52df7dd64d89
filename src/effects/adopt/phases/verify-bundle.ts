import { z } from 'zod'
import { CutterError, Stop } from '../../../domain/errors.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { builtOf } from '../../rollback/assert-rollbackable.ts'
import type { AdoptDeps, ProvenDeploy } from '../deps.ts'
import { bytesOf, isLive, type ProvenPlan, readProvenPlan } from '../proven-hosts.ts'

/** Verifies the bundle against the signers of this home, and keeps of it what a rollback of the release on each host needs. */
export const verifyBundle = (deps: AdoptDeps) =>
  readEffect({
    name: 'verify_bundle',
    input: z.object({ bundle: z.string() }),
    output: z.looseObject({ proven: z.looseObject({}) }),
    async execute(_context, given) {
      const { proven, plan } = await readDeploy(deps, given.bundle).catch((error: unknown) => {
        if (!(error instanceof CutterError)) throw error
        throw new Stop('STOP_REFUSED_INPUT', error.message, { next: 'cutter run cancel <run> --reason …' })
      })
      const { runId, planDigest, sha256, signers } = proven
      const { hosts } = plan
      const built = hosts === null ? builtOf({ output: proven.output as never }) : null
      const facts = { run: runId, plan: planDigest, built, bundle: sha256, signers }
      return {
        output: {
          proven: { ...facts, ...(hosts === null ? {} : { hosts }) },
          report: { ofRun: runId, bundle: sha256 },
        },
        evidence: listNeeded(plan, planDigest, built).map(([name, digest]) =>
          bytesEvidence(name, 'application/json', Buffer.from(bytesOf(proven, digest))),
        ),
      }
    },
  })

/**
 * The deploy that a bundle proves, and its plan.
 * @throws INPUT_REFUSED
 */
export async function readDeploy(
  deps: AdoptDeps,
  bundle: string,
): Promise<{ proven: ProvenDeploy; plan: ProvenPlan }> {
  const proven = await deps.readBundle(bundle)
  return { proven, plan: readProvenPlan(proven) }
}

/** What a rollback reads: the plan, the list of the artifact, and what the build made. Several hosts share the plan. */
function listNeeded(
  { plans, hosts }: ProvenPlan,
  planDigest: string,
  built: string | null,
): [name: string, digest: string][] {
  const plan: [string, string] = ['adopted/plan', planDigest]
  if (hosts === null)
    return [
      plan,
      ['adopted/artifact-list', plans[0]!.artifact.listDigest],
      ...(built === null ? [] : [['adopted/built', built] as [string, string]]),
    ]
  const found = hosts.flatMap((one, index): [string, string][] => {
    if (!isLive(one)) return []
    const list: [string, string] = [`adopted/artifact-list/${one.host}`, plans[index]!.artifact.listDigest]
    return one.built === null ? [list] : [list, [`adopted/built/${one.host}`, one.built]]
  })
  // What several hosts share is kept once, under the name of the first of them.
  return [plan, ...found.filter(([, digest], index) => found.findIndex((one) => one[1] === digest) === index)]
}
