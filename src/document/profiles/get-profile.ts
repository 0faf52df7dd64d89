import { CutterError } from '../../domain/errors.ts'
import type { Profile } from './profile.ts'
import { findShippedProfile, listShippedProfiles } from './shipped-profiles.ts'

/** Lists the names of all profiles: the user's own, then those that ship. */
export function listProfileNames(profiles: readonly Profile[] = []): string[] {
  return [...profiles.map(({ name }) => name), ...listShippedProfiles()]
}

/**
 * Returns the profile of a name. A user's own profile comes before one that ships.
 *
 * @throws INPUT_REFUSED when the name is unknown; the error lists the known names.
 */
export function getProfile(wanted: string, profiles: readonly Profile[] = []): Profile {
  const profile = profiles.find(({ name }) => name === wanted) ?? findShippedProfile(wanted)
  if (profile !== null) return profile
  const known = listProfileNames(profiles)
  throw new CutterError(
    'INPUT_REFUSED',
    `no profile is called ${JSON.stringify(wanted)}; known are: ${known.join(', ')}`,
    { next: 'cutter document profiles', data: { profiles: known } },
  )
}
