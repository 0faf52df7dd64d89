import { z } from 'zod'
import { readEffect } from '../../../machine/define-effect.ts'
import type { DeployDeps } from '../deps.ts'
import { pinSource } from '../pin-source.ts'
import { reportStage } from '../stages.ts'

/** Stage G1: the commit exists. Commit and checks file are pinned as evidence. */
export const source = (deps: DeployDeps) =>
  readEffect({
    name: 'source',
    input: z.object({ source: z.string(), commit: z.string(), checks: z.string().optional() }),
    output: z.looseObject({ sourceDigest: z.string(), checksDigest: z.string() }),
    async execute(context, given) {
      const { source, checks, evidence } = await pinSource(deps, context, given)
      const [pinnedSource, pinnedChecks] = evidence
      const { report } = reportStage('G1', 'PASS', `commit ${source.commit} of ${source.path}`, {
        tree: source.tree,
        committedAt: source.committedAt,
        ...(source.shallow ? { shallow: 'its history is incomplete here; a deploy doesn’t need it' } : {}),
        uncommittedChanges: source.dirty,
        checks: checks.checks.length,
      })
      return {
        output: {
          commit: source.commit,
          sourceDigest: pinnedSource.digest,
          checksDigest: pinnedChecks.digest,
          report: { commit: source.commit, ...report },
        },
        evidence,
      }
    },
  })
