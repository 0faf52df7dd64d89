import { listProfileNames } from '../../document/profiles/get-profile.ts'
import { type Scan, scanDocument } from '../../document/scan.ts'
import { Stop } from '../../domain/errors.ts'
import { digestOfBytes } from '../../domain/json.ts'
import { acceptProblems, problemsError } from './accepted-problems.ts'
import type { CutDeps } from './deps.ts'

/** Options for reading a source. */
export interface ReadingOptions {
  document: string
  profile?: string | undefined
  /** Codes of accepted problems, separated by commas. */
  accept?: string | undefined
}

type ScanDeps = Pick<CutDeps, 'profiles' | 'caps'>

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
  Pick<CutDeps, 'profiles'>

/** The newest scan. Scanning a long text takes more time than everything else, and a start needs the scan three times. */
let newest: Scanned | null = null

/**
 * Scans a source without a test of its problems.
 *
 * @throws INPUT_REFUSED when it cannot be scanned (see `scanDocument`).
 */
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

function assertSafe({ caps }: ScanDeps, found: Scan, { accept }: ReadingOptions): Scan {
  const stopping = found.problems.filter(({ severity }) => severity === 'stops')
  if (stopping.length > 0) throw problemsError(stopping, adviseFix(stopping[0]!.code, found.profile))
  acceptProblems(found.problems, accept)
  if (!found.coverage.complete)
    throw new Stop('STOP_INTERNAL', 'the records do not cover the source exactly once')
  const units = found.records.filter(({ kind }) => kind === 'unit').length
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

function adviseFix(code: string, profile: string): string {
  const fix = 'fix the source, then start another run'
  const nested = `${profile}-nested`
  return code === 'ADDRESS_COLLISION' && listProfileNames().includes(nested)
    ? `${fix}; or, if numbers restart in each part, start another run with --profile ${nested}`
    : fix
}
