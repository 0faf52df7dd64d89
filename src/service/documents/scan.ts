import type { Home } from '../../app/open-home.ts'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import { findUnexpectedCounts, parseExpectedCounts } from '../../document/diagnostics/expected-counts.ts'
import { listSuspects, type Suspect } from '../../document/diagnostics/suspects.ts'
import { type Scan, scanDocument as scanBytes } from '../../document/scan.ts'
import { readSource } from '../../targets/system/source-file.ts'
import { assertRole } from '../access/assert-role.ts'
import { admitFile, knownPath } from '../access/input-files.ts'
import { chooseReading, type ReadingInput } from './registered-document.ts'

/** What `document scan --json` prints. */
export type ScannedDocument = { document: string; suspects?: Suspect[] } & Scan

/**
 * Scans a file: how it would be cut, and what is odd about it. Needs no run, no store and no database.
 * @throws ACCESS_REFUSED; INPUT_REFUSED when the file can't be read as text or no such profile exists, CONFIG_INVALID
 */
export async function scanDocument(
  home: Home,
  given: ReadingInput & {
    /** Path of a UTF-8 text. */
    file: string
    /** How many records of a level the text has: `article=143`. Another count is a problem that stops a cut. */
    expect?: string | undefined
    /** Whether to list what the reading may have missed. */
    suspects?: boolean | undefined
  },
): Promise<ScannedDocument> {
  assertRole(home, 'scan documents')
  const config = await home.config()
  const profiles = await loadCustomProfiles(config, home.folder)
  const expected = given.expect === undefined ? null : parseExpectedCounts(given.expect)
  const path = await admitFile(home, 'file', given.file)
  const { document, profile } = chooseReading(config, home, [knownPath(home, given.file, path)], given)
  const bytes = await readSource(path)
  const { profileVersion, ...rest } = scanBytes(bytes, { document, profile, profiles })
  const unexpected = expected === null ? [] : findUnexpectedCounts(rest.records, expected)
  const scanned = { document, profileVersion, ...rest, problems: [...unexpected, ...rest.problems] }
  return given.suspects === true ? { ...scanned, suspects: listSuspects(bytes, scanned) } : scanned
}
