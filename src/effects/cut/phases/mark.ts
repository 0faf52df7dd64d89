import { z } from 'zod'
import { parseReading } from '../../../document/profiles/reading.ts'
import type { Scan } from '../../../document/scan.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { Survey } from '../../../targets/survey.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { isInForce } from '../current-texts.ts'
import { type CutDeps, readScanDeps } from '../deps.ts'
import { isOfGap } from '../explained-gaps.ts'
import { sourceVersionId } from '../plan.ts'
import { reuseScan, summariseFindings } from '../scan-source.ts'

/**
 * Phase `mark`: divides the pinned source into records, with every byte in exactly one of them. A problem that makes a cut unsafe stops
 * the run.
 */
export function mark(deps: CutDeps) {
  return readEffect({
    name: 'mark',
    input: z.object({
      document: z.string(),
      profile: z.string().optional(),
      accept: z.string().optional(),
      expect: z.string().optional(),
      sourceDigest: z.string(),
      surveyDigest: z.string(),
    }),
    output: z.looseObject({ sourceVersionId: z.string() }),
    async execute(context, { sourceDigest, surveyDigest, ...how }) {
      const { document } = how
      const { units } = await readJsonEvidence<Survey>(context, surveyDigest)
      const isRecut = units.some(isInForce)
      const found = reuseScan(await readScanDeps(deps), await context.evidence(sourceDigest), {
        ...how,
        isRecut,
      })
      const marked = jsonEvidence('scan', found)
      const id = sourceVersionId(document, found)
      const levelsGiven = how.profile !== undefined && parseReading(how.profile).levels !== undefined
      return {
        output: {
          scanDigest: marked.digest,
          sourceVersionId: id,
          profile: levelsGiven || how.profile?.includes('@') ? found.reading : found.profile,
          report: {
            sourceVersionId: id,
            profile: found.profile,
            confidence: found.confidence,
            ...countRecords(found),
            // The plan of a re-cut tells which gaps the amendment explains, and adds the others.
            ...summariseFindings(
              isRecut ? found.problems.filter((problem) => !isOfGap(problem)) : found.problems,
            ),
          },
        },
        evidence: [marked],
      }
    },
  })
}

/** Counts the records by kind, and units and containers by level. */
function countRecords({ records }: Scan) {
  const kinds: Record<string, number> = { unit: 0, excluded: 0, container: 0, other: 0 }
  const levels: Record<string, number> = {}
  for (const { kind, level } of records) {
    kinds[kind] = (kinds[kind] ?? 0) + 1
    if (level !== null && (kind === 'unit' || kind === 'container')) levels[level] = (levels[level] ?? 0) + 1
  }
  return { units: kinds.unit!, records: kinds, levels }
}
