import { resolve } from 'node:path'
import { diffDocuments, type Text } from '../../document/diff.ts'
import { scan } from '../../document/scan.ts'
import { documentIdOf } from '../../document-id.ts'
import { ownProfiles } from '../../own-profiles.ts'
import { readSource } from '../../targets/source-file.ts'
import type { CommonOptions } from '../command.ts'
import { answer } from '../io.ts'
import { linesOfDiff } from './diff-lines.ts'
import { looking, registeredAt } from './looking.ts'

interface DiffFlags extends CommonOptions {
  profile?: string
  document?: string
}

/** Compares two files. Both are read by one profile, so that one unit has one address in both. */
export function documentDiff(before: string, after: string, options: DiffFlags): Promise<number> {
  return looking(options, async ({ io, home, config }) => {
    const profiles = await ownProfiles(config, home)
    const files = [resolve(before), resolve(after)] as const
    const registered = registeredAt(config, home, files[0]) ?? registeredAt(config, home, files[1])
    const document = options.document ?? registered?.id ?? documentIdOf(before)
    const textOf = async (file: string, profile: string | undefined): Promise<Text> => {
      const bytes = await readSource(file)
      return { bytes, scan: scan(bytes, { document, profile, profiles }) }
    }
    const old = await textOf(files[0], options.profile ?? registered?.profile)
    const now = await textOf(files[1], old.scan.profile)
    const diff = diffDocuments(old, now)
    answer(io, diff, () => linesOfDiff(diff, { old, now }, io.color))
    return 0
  })
}
