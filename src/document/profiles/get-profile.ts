import { CutterError } from '../../domain/errors.ts'
import type { Profile } from './profile.ts'
import { parseReading } from './reading.ts'
import { findShippedProfile, listShippedProfiles } from './shipped-profiles.ts'

/** Lists the names of all profiles: the user's own, then those that ship. */
export function listProfileNames(profiles: readonly Profile[] = []): string[] {
  return [...new Set([...profiles.map(({ name }) => name), ...listShippedProfiles()])]
}

/**
 * Returns the profile of a reading: `markdown`, or an earlier version, `markdown@1`. A user's own profile comes before one that ships.
 *
 * @throws INPUT_REFUSED when the name or the version is unknown, or a level is not of the profile; the error lists what is known.
 */
export function getProfile(wanted: string, profiles: readonly Profile[] = []): Profile {
  const { profile: name, version, levels = [] } = parseReading(wanted)
  const known = listProfileNames(profiles)
  const found = listVersions(name, profiles)
  const profile = found.find((one) => version === undefined || one.version === version)
  if (profile === undefined) {
    const versions = found.map((one) => one.version).join(', ')
    const what = found.length === 0 ? `known are: ${known.join(', ')}` : `its versions are: ${versions}`
    throw new CutterError('INPUT_REFUSED', `no profile is called ${JSON.stringify(wanted)}; ${what}`, {
      next: 'cutter document profiles',
      data: { profiles: known },
    })
  }
  const names = [
    ...profile.levels.map((level) => level.name),
    profile.unnamed.name,
    ...(profile.whole === undefined ? [] : [profile.whole.name]),
  ]
  const strange = levels.filter((level) => !names.includes(level))
  if (strange.length === 0) return profile
  throw new CutterError('INPUT_REFUSED', `${strange.join(', ')} is not a level of the profile ${name}`, {
    next: `its levels are: ${names.join(', ')}`,
  })
}

/** Lists the versions of a profile, the newest first. Earlier versions are kept for documents that were cut with them. */
export function listVersions(name: string, profiles: readonly Profile[] = []): Profile[] {
  const own = profiles.filter((profile) => profile.name === name)
  if (own.length > 0) return own
  const shipped = [name, `${name}@2`, `${name}@1`]
    .map(findShippedProfile)
    .filter((profile) => profile !== null)
  return shipped.filter((profile, i) => i === 0 || profile.version !== shipped[0]!.version)
}
