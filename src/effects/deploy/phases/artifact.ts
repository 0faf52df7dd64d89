import { z } from 'zod'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { checkArtifact } from '../check-artifact.ts'
import type { DeployDeps } from '../deps.ts'
import { readPinnedChecks } from '../pin-source.ts'
import type { Source } from '../resolve-source.ts'
import { reportStage } from '../stages.ts'

/** Stage G2: builds, scans and hashes the artifact. Only its list is kept, because the commit gives the same bytes again. */
export const artifact = (deps: DeployDeps) =>
  readEffect({
    name: 'artifact',
    input: z.object({ sourceDigest: z.string(), checksDigest: z.string() }),
    output: z.looseObject({ artifactDigest: z.string() }),
    async execute(context, { sourceDigest, checksDigest }) {
      const source = await readJsonEvidence<Source>(context, sourceDigest)
      const checks = await readPinnedChecks(context, checksDigest)
      const { facts, warnings, evidence } = await checkArtifact(deps, context, source, checks)
      const why = `${facts.files} files, ${facts.bytes} bytes, nothing that must not go to a host`
      const { report } = reportStage('G2', 'PASS', why, {
        sha256: facts.sha256,
        treeHash: facts.treeHash,
        warnings: warnings.map(({ path, why }) => `${path} ${why}`),
      })
      return {
        output: {
          artifactDigest: evidence[0].digest,
          report: { artifactSha256: facts.sha256, ...report },
        },
        evidence,
      }
    },
  })
