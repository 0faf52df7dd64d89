import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Profile } from '../document/profiles/profile.ts'
import { CutterError } from '../domain/errors.ts'
import { digestOf } from '../domain/json.ts'
import type { readYaml } from '../domain/yaml.ts'
import type { Config } from './config-schema.ts'

/**
 * Loads the profiles that cutter.yaml names. Each is a YAML file that may extend a profile that ships or another custom one. A digest
 * of its content is part of its version, because the version is part of a source version's id and people forget to raise it. The newest versions come first.
 *
 * @throws CONFIG_INVALID when a profile is not valid. The error names the profile, the file, the field and the fault.
 */
export async function loadCustomProfiles(config: Pick<Config, 'profiles'>, home: string): Promise<Profile[]> {
  const entries = Object.entries(config.profiles)
  if (entries.length === 0) return []
  const [{ readYaml }, { parseProfile }, { listShippedProfiles, extendProfile }] = await Promise.all([
    import('../domain/yaml.ts'),
    import('../document/profiles/profile.ts'),
    import('../document/profiles/shipped-profiles.ts'),
  ])
  const written = new Map<string, { [key: string]: unknown }>()
  for (const [name, file] of entries) {
    if (listShippedProfiles().includes(name))
      throw invalidProfileError(name, file, 'a profile of that name ships; choose another name')
    written.set(name, {
      name,
      ...attempt(name, file, () => assertObject(readYaml(readFileSync(resolve(home, file), 'utf8')))),
    })
  }
  const read = (version?: '1') =>
    entries.map(([name, file]) =>
      attempt(name, file, () => {
        const data = extendProfile(written.get(name)!, written, version)
        if (data.name !== name) throw new Error(`name: the file has the name ${JSON.stringify(data.name)}`)
        const profile = parseProfile(data)
        return { ...profile, version: `${profile.version}+${digestOf(profile).slice('sha256:'.length, 19)}` }
      }),
    )
  const newest = read()
  const versions = new Set(newest.map(({ name, version }) => `${name}@${version}`))
  // A document that was cut with a profile on top of an earlier version of one that ships keeps that reading. It is not detected.
  const earlier = read('1')
    .filter(({ name, version }) => !versions.has(`${name}@${version}`))
    .map((profile) => ({ ...profile, detect: { when: 'named' as const } }))
  return [...newest, ...earlier]
}

function assertObject(read: ReturnType<typeof readYaml>): { [key: string]: unknown } {
  if ('fault' in read) throw new Error(read.fault)
  const { value } = read
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as { [key: string]: unknown }
  throw new Error('the file has no keys')
}

function attempt<T>(name: string, file: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw invalidProfileError(name, file, (cause as Error).message, cause)
  }
}

function invalidProfileError(name: string, file: string, why: string, cause?: unknown): CutterError {
  return new CutterError('CONFIG_INVALID', `profile ${name} (${file}) cannot be used: ${why}`, {
    next: 'fix the file; cutter document profiles <name> prints a profile that ships, to compare with or to extend',
    cause,
  })
}
