import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import { documentIdFromFile } from '../../document/document-id.ts'
import { getProfile } from '../../document/profiles/get-profile.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import {
  findShippedProfile,
  findShippedProfileText,
  listShippedProfiles,
} from '../../document/profiles/shipped-profiles.ts'
import { scanDocument } from '../../document/scan.ts'
import { readSource } from '../../targets/system/source-file.ts'
import { answer } from '../io.ts'
import type { CommonOptions } from '../session.ts'
import { looking, registeredAt } from './looking.ts'
import { linesOfScan } from './scan-lines.ts'

interface ScanFlags extends CommonOptions {
  profile?: string
  document?: string
  all?: boolean
}

/** Scans a file: no run, no store, no database. */
export function documentScan(file: string, options: ScanFlags): Promise<number> {
  return looking(options, async ({ io, home, config }) => {
    const profiles = await loadCustomProfiles(config, home)
    const path = resolve(file)
    const registered = registeredAt(config, home, path)
    const document = options.document ?? registered?.id ?? documentIdFromFile(file)
    const profile = options.profile ?? registered?.profile
    const bytes = await readSource(path)
    const found = scanDocument(bytes, { document, profile, profiles })
    const { profileVersion, ...rest } = found
    const value = { document, profileVersion, ...rest }
    answer(io, value, () => linesOfScan(found, { file, document, all: options.all === true }))
    return 0
  })
}

/** The known profiles, or the YAML of one. */
export function documentProfiles(name: string | undefined, options: CommonOptions): Promise<number> {
  return looking(options, async ({ io, home, config }) => {
    const own = await loadCustomProfiles(config, home)
    if (name === undefined) {
      const profiles = [
        ...own.map((profile) => described(profile, config.profiles[profile.name]!)),
        ...listShippedProfiles().map((each) => described(findShippedProfile(each)!, 'ships')),
      ]
      answer(io, profiles, () => linesOfProfiles(profiles))
      return 0
    }
    const profile = getProfile(name, own)
    const file = config.profiles[name]
    const text = findShippedProfileText(name) ?? (await readFile(resolve(home, file!), 'utf8'))
    answer(io, { ...described(profile, file ?? 'ships'), data: profile, yaml: text }, () => [text.trimEnd()])
    return 0
  })
}

type Described = ReturnType<typeof described>

function described({ name, version, description, languages, detect, syntax, levels }: Profile, from: string) {
  return {
    ...{ name, version, description, languages, syntax, from },
    detected: detect.when,
    levels: levels.map(({ name, code, role }) => ({ name, code, role })),
  }
}

function linesOfProfiles(profiles: Described[]): string[] {
  return profiles.flatMap(({ name, version, description, languages, detected, levels, from }) => [
    `${name}  ${version}${from === 'ships' ? '' : `  (${from})`}`,
    `    ${description}`,
    `    languages  ${languages.join(' ')}`,
    `    levels     ${levels.map((level) => `${level.name} (${level.code})`).join(', ')}`,
    `    detected   ${{ first: 'yes', fallback: 'where nothing else fits', named: 'no: name it with --profile' }[detected]}`,
  ])
}
