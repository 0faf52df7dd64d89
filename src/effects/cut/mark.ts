import { z } from 'zod'
import { profileNames, type Scan, scan } from '../../document/scan.ts'
import type { ReadEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import { sourceVersionId } from './plan.ts'
import type { CutWorld } from './world.ts'

const input = z.object({ document: z.string(), profile: z.string().optional(), sourceDigest: z.string() })
const output = z.looseObject({ sourceVersionId: z.string() })

/** Divides the pinned source into records, every byte in exactly one. What makes a cut unsafe stops here. */
export function mark(world: CutWorld): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'mark',
    kind: 'read',
    input,
    output,
    async execute(context, { document, profile, sourceDigest }) {
      const found = safeScan(await context.evidence(sourceDigest), document, profile, world.caps.units)
      const marked = jsonEvidence('scan', found)
      const id = sourceVersionId(document, found)
      return {
        output: {
          scanDigest: marked.digest,
          sourceVersionId: id,
          profile: found.profile,
          report: { sourceVersionId: id, profile: found.profile, ...countsOf(found), ...notesOf(found) },
        },
        evidence: [marked],
      }
    },
  }
}

export function safeScan(
  bytes: Uint8Array,
  document: string,
  profile: string | undefined,
  cap: number,
): Scan {
  const found = scan(bytes, { document, ...(profile === undefined ? {} : { profile }) })
  const unsafe = found.problems.filter((problem) => problem.unsafe)
  if (unsafe.length > 0) {
    const [first] = unsafe
    const more = unsafe.length > 1 ? ` (and ${unsafe.length - 1} more)` : ''
    throw new Stop(
      'STOP_REFUSED_INPUT',
      `line ${first!.line}: ${first!.message}${more}; nothing was touched`,
      {
        next: `${mendingOf(first!.code, found.profile)} (this one can be cancelled)`,
        data: {
          problems: unsafe
            .slice(0, 50)
            .map(({ code, message, line, column, start }) => ({ code, message, line, column, start })),
        },
      },
    )
  }
  if (!found.coverage.complete)
    throw new Stop('STOP_INTERNAL', 'the records do not cover the source exactly once')
  const units = found.records.filter(({ kind }) => kind === 'unit').length
  if (units > cap) {
    throw new Stop(
      'STOP_CAP_UNITS',
      `the source has ${units} units, the cap is ${cap}; nothing was touched`,
      {
        next: `raise caps.units in cutter.yaml, then: cutter run resume <run>`,
        data: { units, cap },
      },
    )
  }
  return found
}

function mendingOf(code: string, profile: string): string {
  const mending = 'mend the source, then start another run'
  const nested = `${profile}-nested`
  return code === 'ADDRESS_COLLISION' && profileNames().includes(nested)
    ? `${mending}; or, where numbers begin anew in each part, start another run with --profile ${nested}`
    : mending
}

/** What is odd and does not stop: how much of it, and the first, for who looks at the run; the scan's evidence has all. */
function notesOf({ problems }: Scan) {
  const [first] = problems
  return first === undefined
    ? {}
    : { notes: problems.length, firstNote: `line ${first.line}: ${first.message}` }
}

function countsOf({ records }: Scan) {
  const kinds: Record<string, number> = { unit: 0, excluded: 0, container: 0, other: 0 }
  const levels: Record<string, number> = {}
  for (const { kind, level } of records) {
    kinds[kind] = (kinds[kind] ?? 0) + 1
    if (level !== null && (kind === 'unit' || kind === 'container')) levels[level] = (levels[level] ?? 0) + 1
  }
  return { units: kinds.unit!, records: kinds, levels }
}
