import { z } from 'zod'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type CutDeps, findRegistered } from '../deps.ts'
import { chooseReading } from '../pinned-reading.ts'
import { readPriorText } from '../stored-text.ts'

/**
 * Phase `source_pin`: keeps the source's bytes under their SHA-256, surveys the target as the reader, and finds how the text in force was
 * read. A run stops where that is not known, or cutter.yaml says otherwise, and its operator names no profile.
 */
export function sourcePin(deps: CutDeps) {
  return readEffect({
    name: 'source_pin',
    input: z.object({
      document: z.string(),
      source: z.string(),
      target: z.string(),
      profile: z.string().optional(),
    }),
    output: z.looseObject({ sourceDigest: z.string(), sourceSha256: z.string(), surveyDigest: z.string() }),
    async execute(context, { document, source, target, profile: wanted }) {
      const bytes = await deps.readSource(source)
      const opened = await deps.target(target)
      const { survey, transactionId } = await opened.survey(context, document)
      const inForce = survey.units.filter(({ lifecycleStatus }) => lifecycleStatus === 'enacted')
      const prior = await readPriorText(opened, context, document, inForce)
      // The facts of a run come before its input, so that the reading of the last cut counts in all later phases.
      const registered = (await findRegistered(deps, document))?.profile
      const profile = chooseReading(prior, { named: wanted, registered }, await deps.profiles())
      const pinned = bytesEvidence('source', 'application/octet-stream', bytes)
      const surveyed = jsonEvidence('survey/before', survey)
      const sourceSha256 = pinned.digest.slice('sha256:'.length)
      return {
        output: {
          sourceDigest: pinned.digest,
          sourceSha256,
          surveyDigest: surveyed.digest,
          ...(profile === undefined || profile === wanted ? {} : { profile }),
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
