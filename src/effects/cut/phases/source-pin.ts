import { z } from 'zod'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { CutDeps } from '../deps.ts'

/** Phase `source_pin`: keeps the source's bytes under their SHA-256, and surveys the target as the reader. */
export function sourcePin(deps: CutDeps) {
  return readEffect({
    name: 'source_pin',
    input: z.object({ document: z.string(), source: z.string(), target: z.string() }),
    output: z.looseObject({ sourceDigest: z.string(), sourceSha256: z.string(), surveyDigest: z.string() }),
    async execute(context, { document, source, target }) {
      const bytes = await deps.readSource(source)
      const { survey, transactionId } = await (await deps.target(target)).survey(context, document)
      const pinned = bytesEvidence('source', 'application/octet-stream', bytes)
      const surveyed = jsonEvidence('survey/before', survey)
      const sourceSha256 = pinned.digest.slice('sha256:'.length)
      return {
        output: {
          sourceDigest: pinned.digest,
          sourceSha256,
          surveyDigest: surveyed.digest,
          transactionId,
          report: {
            document,
            sourceSha256,
            sourceBytes: bytes.length,
            target: { name: target, ...survey.server } as unknown as Json,
            counts: { before: survey.counts as unknown as Json, after: null },
          },
        },
        evidence: [pinned, surveyed],
      }
    },
  })
}
