/** How a document is read: a profile, one of its versions, and the levels that are cut. */
export interface Reading {
  profile: string
  /** Left out: the newest version. */
  version?: string
  /** Left out: the levels that the profile finds. */
  levels?: string[]
}

const READING = /^([a-z][a-z0-9-]*)(?:@([^:\s]+))?(?::([a-z][a-z0-9-]*(?:,[a-z][a-z0-9-]*)*))?$/

/** Parses `markdown`, `markdown@1`, `markdown@2:article,section`. Another text is taken as the name of a profile. */
export function parseReading(text: string): Reading {
  const [, profile, version, levels] = READING.exec(text) ?? []
  if (profile === undefined) return { profile: text }
  return {
    profile,
    ...(version === undefined ? {} : { version }),
    ...(levels === undefined ? {} : { levels: levels.split(',') }),
  }
}

/** Writes a reading in the form that `parseReading` reads. */
export function formatReading({ profile, version, levels = [] }: Reading): string {
  return `${profile}${version === undefined ? '' : `@${version}`}${levels.length === 0 ? '' : `:${levels.join(',')}`}`
}
