import { resolve } from 'node:path'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import { diffDocuments, type ScannedText } from '../../document/diff/diff-documents.ts'
import { documentIdFromFile } from '../../document/document-id.ts'
import { scanDocument } from '../../document/scan.ts'
import { readSource } from '../../targets/system/source-file.ts'
import { answer } from '../io.ts'
import type { CommonOptions } from '../session.ts'
import { linesOfDiff } from './diff-lines.ts'
import { looking, registeredAt } from './looking.ts'

interface DiffFlags extends CommonOptions {
  profile?: string
  document?: string
}

/** Compares two files. Both are read by one profile, so that one unit has one address in both. */
export function documentDiff(before: string, after: string, options: DiffFlags): Promise<number> {
  return looking(options, async ({ io, home, config }) => {
    const profiles = await loadCustomProfiles(config, home)
    const files = [resolve(before), resolve(after)] as const
    const registered = registeredAt(config, home, files[0]) ?? registeredAt(config, home, files[1])
    const document = options.document ?? registered?.id ?? documentIdFromFile(before)
    const textOf = async (file: string, profile: string | undefined): Promise<ScannedText> => {
      const bytes = await readSource(file)
      return { bytes, scan: scanDocument(bytes, { document, profile, profiles }) }
    }
    const old = await textOf(files[0], options.profile ?? registered?.profile)
    const now = await textOf(files[1], old.scan.profile)
    const diff = diffDocuments(old, now)
    answer(io, diff, () => linesOfDiff(diff, { old, now }, io.color))
    return 0
  })
}
