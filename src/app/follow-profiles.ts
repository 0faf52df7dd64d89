import { resolve } from 'node:path'
import { loadCustomProfiles } from '../config/custom-profiles.ts'
import type { Profile } from '../document/profiles/profile.ts'
import { fileVersion } from '../tools/file-version.ts'
import type { ConfigFile } from './config-file.ts'

/**
 * Follows the profiles that cutter.yaml names. The function that it returns loads them again when cutter.yaml names others or one of their files was
 * written since its last call; until then it returns the same list.
 *
 * @throws CONFIG_INVALID, by that function, while cutter.yaml or a profile can't be used.
 */
export function followProfiles(configFile: ConfigFile, home: string): () => Promise<readonly Profile[]> {
  let known: { version: string; profiles: Promise<Profile[]> } | null = null
  return async () => {
    const { profiles } = await configFile.read()
    const files = Object.entries(profiles).map(([name, file]) => [
      name,
      file,
      fileVersion(resolve(home, file)),
    ])
    const version = JSON.stringify(files)
    if (known?.version !== version) known = { version, profiles: loadCustomProfiles({ profiles }, home) }
    return known.profiles
  }
}
