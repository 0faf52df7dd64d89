import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { type Evidence, jsonEvidence } from '../../../domain/evidence.ts'
import { type Checks, checksSchema, parseChecks } from '../checks-file.ts'
import { type DeployDeps, readEvidenceJson } from '../deps.ts'
import { resolveSource, type Source } from '../resolve-source.ts'
import { reportStage } from '../stages.ts'

const input = z.object({ source: z.string(), commit: z.string(), checks: z.string().optional() })
const output = z.looseObject({ sourceDigest: z.string(), checksDigest: z.string() })

/** G1: the commit is there, and what the checks file says is pinned with it. */
export function source(world: DeployDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'source',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const { source, checks, evidence } = await pinSource(world, context, given)
      const [pinnedSource, pinnedChecks] = evidence
      const said = reportStage('G1', 'PASS', `commit ${source.commit} of ${source.path}`, {
        tree: source.tree,
        committedAt: source.committedAt,
        ...(source.shallow ? { shallow: 'its history is not whole here, which a deploy doesn’t need' } : {}),
        uncommittedChanges: source.dirty,
        checks: checks.checks.length,
      })
      return {
        output: {
          commit: source.commit,
          sourceDigest: pinnedSource.digest,
          checksDigest: pinnedChecks.digest,
          report: { commit: source.commit, ...said.report },
        },
        evidence,
      }
    },
  }
}

export async function pinSource(
  world: DeployDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
): Promise<{ source: Source; checks: Checks; evidence: [Evidence, Evidence] }> {
  const checks =
    given.checks === undefined
      ? parseChecks({}, 'no checks')
      : parseChecks(await world.readChecks(given.checks), given.checks)
  const source = await resolveSource(given, context.signal)
  return { source, checks, evidence: [jsonEvidence('source', source), jsonEvidence('checks', checks)] }
}

export const readPinnedChecks = async (context: EffectContext, digest: string): Promise<Checks> =>
  checksSchema.parse(await readEvidenceJson(context, digest))
