import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import { getProfile } from '../../document/profiles/get-profile.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import {
  findShippedProfile,
  findShippedProfileText,
  listShippedProfiles,
} from '../../document/profiles/shipped-profiles.ts'

/** What `document profiles --json` prints for each profile. */
export interface ListedProfile {
  name: string
  version: string
  description: string
  languages: string[]
  syntax: Profile['syntax']
  /** `ships`, or the file that cutter.yaml names. */
  from: string
  /** Whether it is detected: first, where no other fits, or only by name. */
  detected: Profile['detect']['when']
  levels: { name: string; code: string; role: Profile['levels'][number]['role'] }[]
}

/** What `document profiles <name> --json` prints. */
export interface ShownProfile extends ListedProfile {
  data: Profile
  yaml: string
}

/**
 * Lists the profiles: the user's own first, then those that ship.
 * @throws CONFIG_INVALID when an own profile can't be read
 */
export async function listProfiles(home: Home): Promise<ListedProfile[]> {
  const config = await home.config()
  const own = (await loadCustomProfiles(config, home.folder)).filter(isNewest)
  return [
    ...own.map((profile) => describeProfile(profile, config.profiles[profile.name]!)),
    ...listShippedProfiles().map((name) => describeProfile(findShippedProfile(name)!, 'ships')),
  ]
}

/**
 * Shows one profile with its YAML.
 * @throws INPUT_REFUSED when no such profile exists, CONFIG_INVALID
 */
export async function showProfile(home: Home, { name }: { name: string }): Promise<ShownProfile> {
  const config = await home.config()
  const profile = getProfile(name, await loadCustomProfiles(config, home.folder))
  const file = config.profiles[profile.name]
  const shipped = findShippedProfileText(name) ?? findShippedProfileText(profile.name)
  const yaml = shipped ?? (await readFile(resolve(home.folder, file!), 'utf8'))
  return { ...describeProfile(profile, file ?? 'ships'), data: profile, yaml }
}

const isNewest = ({ name }: Profile, i: number, all: Profile[]) =>
  all.findIndex((one) => one.name === name) === i

function describeProfile(profile: Profile, from: string): ListedProfile {
  const { name, version, description, languages, syntax, detect, levels } = profile
  return {
    name,
    version,
    description,
    languages,
    syntax,
    from,
    detected: detect.when,
    levels: levels.map(({ name, code, role }) => ({ name, code, role })),
  }
}
