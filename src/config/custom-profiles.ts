import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Profile } from '../document/profiles/profile.ts'
import { CutterError } from '../domain/errors.ts'
import { digestOf } from '../domain/json.ts'
import type { readYaml } from '../domain/yaml.ts'
import type { Config } from './config-schema.ts'

/**
 * The profiles that cutter.yaml names, each a YAML file that may extend one that ships or another of its own. Their version
 * takes in what they say, since it is part of a source version's id and people forget to raise a number. Throws
 * CONFIG_INVALID that names the profile, the file, the field and what is wrong with it.
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
      throw invalid(name, file, 'a profile of that name ships; choose another')
    written.set(name, {
      name,
      ...attempt(name, file, () => objectOf(readYaml(readFileSync(resolve(home, file), 'utf8')))),
    })
  }
  return entries.map(([name, file]) =>
    attempt(name, file, () => {
      const data = extendProfile(written.get(name)!, written)
      if (data.name !== name) throw new Error(`name: it calls itself ${JSON.stringify(data.name)}`)
      const profile = parseProfile(data)
      return { ...profile, version: `${profile.version}+${digestOf(profile).slice('sha256:'.length, 19)}` }
    }),
  )
}

function objectOf(read: ReturnType<typeof readYaml>): { [key: string]: unknown } {
  if ('fault' in read) throw new Error(read.fault)
  const { value } = read
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as { [key: string]: unknown }
  throw new Error('it holds no keys')
}

function attempt<T>(name: string, file: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw invalid(name, file, (cause as Error).message, cause)
  }
}

function invalid(name: string, file: string, why: string, cause?: unknown): CutterError {
  return new CutterError('CONFIG_INVALID', `profile ${name} (${file}) can’t be used: ${why}`, {
    next: 'mend the file; cutter document profiles <name> prints one that ships, to compare with or to extend',
    cause,
  })
}
