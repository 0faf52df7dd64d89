import { findUnexpectedCounts, parseExpectedCounts } from '../../document/diagnostics/expected-counts.ts'
import type { Problem } from '../../document/diagnostics/problem.ts'
import { listProfileNames } from '../../document/profiles/get-profile.ts'
import { type Scan, scanDocument } from '../../document/scan.ts'
import { Stop } from '../../domain/errors.ts'
import { digestOfBytes } from '../../domain/json.ts'
import { acceptProblems, problemsError } from './accepted-problems.ts'
import type { ScanDeps } from './deps.ts'
import { isOfGap } from './explained-gaps.ts'

/** Options for reading a source. */
export interface ReadingOptions {
  document: string
  profile?: string | undefined
  /** Codes of accepted problems, separated by commas. */
  accept?: string | undefined
  /** Counts of records by level that the text must have: `article=143`. */
  expect?: string | undefined
  /** Whether units of the document are in force. Then the plan tells which missing numbers the amendment explains. */
  isRecut?: boolean | undefined
}

/**
 * Scans a source and tests whether it can be cut.
 *
 * @throws Stop STOP_REFUSED_INPUT when a problem makes a cut unsafe, STOP_CAP_UNITS when it has too many units.
 */
export function scanSafely(deps: ScanDeps, bytes: Uint8Array, how: ReadingOptions): Scan {
  return assertSafe(deps, scanSource(deps, bytes, how), how)
}

/** Does the same, but uses the newest scan of this process if it is of these bytes with the same options. */
export function reuseScan(deps: ScanDeps, bytes: Uint8Array, how: ReadingOptions): Scan {
  const { source, profiles, document, profile, found } = newest ?? {}
  // A profile reads the same, whether it was detected or named.
  const alike = how.profile === profile || how.profile === found?.reading
  const same = alike && profiles === deps.profiles && document === how.document
  return assertSafe(
    deps,
    same && source === digestOfBytes(bytes) ? found! : scanSource(deps, bytes, how),
    how,
  )
}

type Scanned = { source: string; found: Scan } & Pick<ReadingOptions, 'document' | 'profile'> &
  Pick<ScanDeps, 'profiles'>

/** The newest scan. Scanning a long text takes more time than everything else, and a start needs the scan three times. */
let newest: Scanned | null = null

/**
 * Scans a source without a test of its problems.
 *
 * @throws INPUT_REFUSED when it cannot be scanned (see `scanDocument`).
 */
export function scanSource(
  { profiles }: Pick<ScanDeps, 'profiles'>,
  bytes: Uint8Array,
  how: ReadingOptions,
): Scan {
  const { document, profile } = how
  const found = scanDocument(bytes, { document, profile, profiles })
  newest = { source: digestOfBytes(bytes), found, document, profile, profiles }
  return found
}

function assertSafe({ caps }: ScanDeps, found: Scan, { accept, expect, isRecut }: ReadingOptions): Scan {
  const unexpected =
    expect === undefined ? [] : findUnexpectedCounts(found.records, parseExpectedCounts(expect))
  const problems = [...unexpected, ...found.problems]
  const findings = countFindings({ problems })
  const stopping = problems.filter(({ severity }) => severity === 'stops')
  const reading = { units: countUnits(found), confidence: found.confidence, findings }
  if (stopping.length > 0)
    throw problemsError(stopping, adviseFix(stopping[0]!.code, found.profile), { reading })
  const judgedLater = new Set(isRecut === true ? found.problems.filter(isOfGap) : [])
  acceptProblems(found.problems, accept, judgedLater, { reading })
  if (!found.coverage.complete)
    throw new Stop('STOP_INTERNAL', 'the records do not cover the source exactly once')
  const units = countUnits(found)
  if (units > caps.units) {
    throw new Stop(
      'STOP_CAP_UNITS',
      `the source has ${units} units, the cap is ${caps.units}; nothing was changed`,
      {
        next: `raise caps.units in cutter.yaml, then: cutter run resume <run>`,
        data: { units, cap: caps.units },
      },
    )
  }
  return found
}

/** Counts the records that a cut writes. */
export const countUnits = ({ records }: { records: readonly { kind: string }[] }): number =>
  records.filter(({ kind }) => kind === 'unit').length

/** Counts the findings of a scan: those that stop, those that need to be accepted, and notes. */
export function countFindings({ problems }: { problems: readonly { severity: string }[] }): Findings {
  const count = (wanted: string) => problems.filter(({ severity }) => severity === wanted).length
  return { stop: count('stops'), accept: count('needs-accept'), note: count('note') }
}

/** Numbers of findings of a scan by what they ask for. */
export type Findings = { stop: number; accept: number; note: number }

/** Summarises findings for the output of a run: their numbers, and the first one. The scan's evidence has all of them. */
export function summariseFindings(problems: readonly Problem[]) {
  const [first] = problems
  const notes =
    first === undefined ? {} : { notes: problems.length, firstNote: `line ${first.line}: ${first.message}` }
  return { findings: countFindings({ problems }), ...notes }
}

function adviseFix(code: string, profile: string): string {
  if (code === 'COUNT_UNEXPECTED')
    return 'cutter document scan --suspects <file> lists what may have been missed; correct the source, --profile or --expect, then start another run'
  const fix = 'fix the source, then start another run'
  const nested = `${profile}-nested`
  return code === 'ADDRESS_COLLISION' && listProfileNames().includes(nested)
    ? `${fix}; or, if numbers restart in each part, start another run with --profile ${nested}`
    : fix
}
