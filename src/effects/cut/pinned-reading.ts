import { getProfile, listProfileNames, listVersions } from '../../document/profiles/get-profile.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import { formatReading, parseReading } from '../../document/profiles/reading.ts'
import { scanDocument } from '../../document/scan.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { type CutPlan, sourceVersionId } from './plan.ts'
import type { StoredText } from './stored-text.ts'

/** Texts in force whose reading was found in this process. */
const known = new WeakMap<StoredText, string | null>()

/**
 * Finds the reading of the text in force: profile, version and levels of the last cut. The record of a cut names them since levels can
 * be chosen; before, the id of its source version tells profile and version, and the same rules find the same levels in the same text.
 * Returns null when no profile of this process reads it so: a user's own profile was changed, renamed or removed.
 */
export function findPinnedReading(prior: StoredText, profiles: readonly Profile[] = []): string | null {
  const found = known.get(prior)
  if (found !== undefined) return found
  const named = prior.reading
  const reading =
    named === undefined ? findReading(prior, profiles) : isReadable(named, profiles) ? named : null
  known.set(prior, reading)
  return reading
}

function isReadable(reading: string, profiles: readonly Profile[]): boolean {
  try {
    getProfile(reading, profiles)
    return true
  } catch (error) {
    if (error instanceof CutterError) return false
    throw error
  }
}

/** Names the reading of the text in force, also one that no profile of this process has: `unknown` where its record names none. */
export const namePriorReading = ({ reading, profile }: Pick<StoredText, 'reading' | 'profile'>): string =>
  reading ?? profile ?? 'unknown'

function findReading(prior: StoredText, profiles: readonly Profile[]): string | null {
  const { document, sourceSha256: sha256 } = prior
  for (const { name: profile, version } of listProfileNames(profiles).flatMap((name) =>
    listVersions(name, profiles),
  )) {
    const id = sourceVersionId(document, { sha256, profile, profileVersion: version })
    if (id === prior.sourceVersionId) return readingOf(prior, formatReading({ profile, version }), profiles)
  }
  return null
}

function readingOf(
  { document, pieces }: StoredText,
  profile: string,
  profiles: readonly Profile[],
): string | null {
  try {
    const bytes = Buffer.from(pieces.map(({ text }) => text).join(''))
    return scanDocument(bytes, { document, profile, profiles }).reading
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}

/** Readings that a cut may be given. */
export interface GivenReading {
  /** By the operator, for this run. */
  named?: string | undefined
  /** By the document's entry in cutter.yaml, for its first cut. */
  registered?: string | undefined
}

/**
 * Chooses how a new text of a document is read. Without a profile, or with the name of the one of the last cut, it keeps the reading of
 * that cut. A version, levels or another profile that the operator names are another reading. `prior` is null where no cut brought the
 * document into force: then the profile is the registered one, or is detected.
 *
 * @throws Stop STOP_REFUSED_INPUT when the operator names no profile, and the reading of the last cut is not known here or is not the
 * registered one.
 */
export function chooseReading(
  prior: StoredText | null,
  { named, registered }: GivenReading,
  profiles: readonly Profile[] = [],
): string | undefined {
  if (prior === null) return named ?? registered
  const pinned = findPinnedReading(prior, profiles)
  if (named === undefined) {
    if (pinned === null) throw unknownReadingError(prior, profiles)
    if (registered !== undefined && !isPartOf(registered, pinned))
      throw otherRegisteredError(prior.document, registered, pinned)
    return pinned
  }
  if (pinned === null) return named
  const { profile, version, levels } = parseReading(named)
  const isNameOnly = version === undefined && levels === undefined
  return isNameOnly && profile === parseReading(pinned).profile ? pinned : named
}

/** Whether a reading has the profile of another one, and its version and levels where that one has them. */
function isPartOf(part: string, reading: string): boolean {
  const { profile, version, levels } = parseReading(part)
  const complete = parseReading(reading)
  return (
    profile === complete.profile &&
    (version === undefined || version === complete.version) &&
    (levels === undefined || levels.join() === complete.levels?.join())
  )
}

/** An entry in cutter.yaml stands there for years, so that nobody decides by it about the text in force. */
function otherRegisteredError(document: string, registered: string, pinned: string): Stop {
  return new Stop(
    'STOP_REFUSED_INPUT',
    `cutter.yaml names ${registered} for ${document}, and its last cut read it as ${pinned}; nothing was changed`,
    {
      next: `correct or remove documents.${document}.profile in cutter.yaml, then: cutter run resume <run>; or start another run with --profile ${registered}, whose plan names the other reading (this one can be cancelled)`,
      data: { document, reading: pinned, registered },
    },
  )
}

/** A detected profile would be another reading that nobody chose. */
function unknownReadingError(prior: StoredText, profiles: readonly Profile[]): Stop {
  const { document, sourceVersionId } = prior
  const was = namePriorReading(prior)
  const own = profiles.map(({ name, version }) => formatReading({ profile: name, version }))
  return new Stop(
    'STOP_REFUSED_INPUT',
    `no profile here reads ${document} as its last cut did: ${describeUnknown(prior, profiles)}; nothing was changed`,
    {
      next: 'if a profile of your own was changed, renamed or removed, restore it (profiles in cutter.yaml), then: cutter run resume <run>; or start another run with --profile <name>, whose plan names the other reading (this one can be cancelled)',
      data: { document, sourceVersionId, reading: was, profiles: own },
    },
  )
}

function describeUnknown(prior: StoredText, profiles: readonly Profile[]): string {
  const was = namePriorReading(prior)
  if (was === 'unknown') {
    const own = [...new Set(profiles.map(({ name }) => name))]
    const yours = own.length === 0 ? 'cutter.yaml has none' : `cutter.yaml has ${own.join(', ')}`
    return `the record of that cut (${prior.sourceVersionId}) names no profile, and none that ships made it (profiles of your own: ${yours})`
  }
  const { profile } = parseReading(was)
  const versions = listVersions(profile, profiles).map(({ version }) => version)
  const now =
    versions.length === 0 ? `no profile is called ${profile}` : `${profile} has ${versions.join(', ')}`
  return `that was ${was}, and now ${now}`
}

/** The reading of an approved plan, so that a run continues with it under a newer version of its profile. Where it is gone, the profile alone: the new plan names the difference. */
export function readingOfPlan({ source }: Pick<CutPlan, 'source'>, profiles: readonly Profile[]): string {
  const { profile, profileVersion: version } = source
  const { reading = formatReading({ profile, version }) } = source
  return isReadable(reading, profiles) ? reading : profile
}
