import type { Home } from '../../app/open-home.ts'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import { type DocumentDiff, diffDocuments, type ScannedText } from '../../document/diff/diff-documents.ts'
import { scanDocument } from '../../document/scan.ts'
import { readSource } from '../../targets/system/source-file.ts'
import { assertRole } from '../access/assert-role.ts'
import { admitFile, knownPath } from '../access/input-files.ts'
import { chooseReading, type ReadingInput } from './registered-document.ts'

export interface ComparedDocuments {
  /** What `document diff --json` prints. */
  diff: DocumentDiff
  old: ScannedText
  new: ScannedText
}

/**
 * Compares two texts of a document, unit by unit. Both are read with one profile, so that a unit has the same address in both.
 * @throws ACCESS_REFUSED; INPUT_REFUSED when a file can't be read as text or no such profile exists, CONFIG_INVALID
 */
export async function compareDocuments(
  home: Home,
  given: ReadingInput & {
    /** Paths of UTF-8 texts. */
    old: string
    new: string
  },
): Promise<ComparedDocuments> {
  assertRole(home, 'compare documents')
  const config = await home.config()
  const profiles = await loadCustomProfiles(config, home.folder)
  const oldPath = await admitFile(home, 'old', given.old)
  const newPath = await admitFile(home, 'new', given.new)
  const { document, profile } = chooseReading(
    config,
    home,
    [knownPath(home, given.old, oldPath), knownPath(home, given.new, newPath)],
    given,
  )
  const readText = async (path: string, named: string | undefined): Promise<ScannedText> => {
    const bytes = await readSource(path)
    return { bytes, scan: scanDocument(bytes, { document, profile: named, profiles }) }
  }
  const before = await readText(oldPath, profile)
  const after = await readText(newPath, before.scan.reading)
  return { diff: diffDocuments(before, after), old: before, new: after }
}
