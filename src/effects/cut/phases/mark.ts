import { z } from 'zod'
import type { Problem } from '../../../document/diagnostics/problem.ts'
import { listProfileNames } from '../../../document/profiles/get-profile.ts'
import { type Scan, scanDocument } from '../../../document/scan.ts'
import type { ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { digestOfBytes } from '../../../domain/json.ts'
import { parseAcceptedCodes } from '../accepted-problems.ts'
import type { CutDeps } from '../deps.ts'
import { sourceVersionId } from '../plan.ts'

const input = z.object({
  document: z.string(),
  profile: z.string().optional(),
  accept: z.string().optional(),
  sourceDigest: z.string(),
})
const output = z.looseObject({ sourceVersionId: z.string() })

/** Divides the pinned source into records, every byte in exactly one. What makes a cut unsafe stops here. */
export function mark(deps: CutDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'mark',
    kind: 'read',
    input,
    output,
    async execute(context, { sourceDigest, ...how }) {
      const { document } = how
      const found = reuseScan(deps, await context.evidence(sourceDigest), how)
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

/** How a source is to be read. */
export interface ReadingOptions {
  document: string
  profile?: string | undefined
  /** Codes of problems that a person looked at and accepts, with commas between. */
  accept?: string | undefined
}

type Readers = Pick<CutDeps, 'profiles' | 'caps'>

/** A scan that a cut can be made of, made anew. */
export function scanSafely(deps: Readers, bytes: Uint8Array, how: ReadingOptions): Scan {
  return safe(deps, scanSource(deps, bytes, how), how)
}

/** The same from the newest scan of this process, where it is of these bytes, read in this way. */
export function reuseScan(deps: Readers, bytes: Uint8Array, how: ReadingOptions): Scan {
  const { source, profiles, document, profile, found } = newest ?? {}
  // Detected or named, a profile reads the same.
  const alike = how.profile === profile || how.profile === found?.profile
  const same = alike && profiles === deps.profiles && document === how.document
  return safe(deps, same && source === digestOfBytes(bytes) ? found! : scanSource(deps, bytes, how), how)
}

type Scanned = { source: string; found: Scan } & Pick<ReadingOptions, 'document' | 'profile'> &
  Pick<CutDeps, 'profiles'>

/** Reading a long text takes longer than anything else that is done to it here, and a start asks for it three times. */
let newest: Scanned | null = null

export function scanSource(
  { profiles }: Pick<CutDeps, 'profiles'>,
  bytes: Uint8Array,
  how: ReadingOptions,
): Scan {
  const { document, profile } = how
  const found = scanDocument(bytes, { document, profile, profiles })
  newest = { source: digestOfBytes(bytes), found, document, profile, profiles }
  return found
}

function safe({ caps }: Readers, found: Scan, { accept }: ReadingOptions): Scan {
  const accepted = parseAcceptedCodes(accept)
  const stopping = found.problems.filter(({ severity }) => severity === 'stops')
  const open = found.problems.filter(
    ({ severity, code }) => severity === 'needs-accept' && !accepted.includes(code),
  )
  if (stopping.length > 0) throw refused(stopping, mendingOf(stopping[0]!.code, found.profile))
  if (open.length > 0) throw refused(open, acceptingOf(open))
  if (!found.coverage.complete)
    throw new Stop('STOP_INTERNAL', 'the records do not cover the source exactly once')
  const units = found.records.filter(({ kind }) => kind === 'unit').length
  if (units > caps.units) {
    throw new Stop(
      'STOP_CAP_UNITS',
      `the source has ${units} units, the cap is ${caps.units}; nothing was touched`,
      {
        next: `raise caps.units in cutter.yaml, then: cutter run resume <run>`,
        data: { units, cap: caps.units },
      },
    )
  }
  return found
}

function refused(problems: Problem[], next: string): Stop {
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new Stop(
    'STOP_REFUSED_INPUT',
    `line ${first!.line}: ${first!.message}${more}; nothing was touched`,
    {
      next: `${next} (this one can be cancelled)`,
      data: { problems: problems.slice(0, 50).map((problem) => ({ ...problem })) },
    },
  )
}

function acceptingOf(problems: Problem[]): string {
  const codes = [...new Set(problems.map(({ code }) => code))]
  return `mend the source; or, where a look at each place shows that it is right, start another run with --accept ${codes.join(',')}`
}

function mendingOf(code: string, profile: string): string {
  const mending = 'mend the source, then start another run'
  const nested = `${profile}-nested`
  return code === 'ADDRESS_COLLISION' && listProfileNames().includes(nested)
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
