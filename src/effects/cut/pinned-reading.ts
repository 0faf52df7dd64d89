import { listProfileNames, listVersions } from '../../document/profiles/get-profile.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import { formatReading, parseReading } from '../../document/profiles/reading.ts'
import { scanDocument } from '../../document/scan.ts'
import { CutterError } from '../../domain/errors.ts'
import { type CutPlan, sourceVersionId } from './plan.ts'
import type { StoredText } from './stored-text.ts'

/** Texts in force whose reading was found in this process. */
const known = new WeakMap<StoredText, string | null>()

/**
 * Finds the reading of the text in force: profile, version and levels of the last cut. The record of a cut names them since levels can
 * be chosen; before, the id of its source version tells profile and version, and the same rules find the same levels in the same text.
 * Returns null when no known profile made it.
 */
export function findPinnedReading(prior: StoredText, profiles: readonly Profile[] = []): string | null {
  const found = known.get(prior)
  if (found !== undefined) return found
  const reading = prior.reading ?? findReading(prior, profiles)
  known.set(prior, reading)
  return reading
}

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

/**
 * Chooses how a new text of a document is read. Without a profile, or with the name of the one of the last cut, it keeps the reading of
 * that cut. A version, levels or another profile that the operator names are another reading.
 */
export function chooseReading(pinned: string | null, wanted: string | undefined): string | undefined {
  if (pinned === null) return wanted
  if (wanted === undefined) return pinned
  const { profile, version, levels } = parseReading(wanted)
  const isNameOnly = version === undefined && levels === undefined
  return isNameOnly && profile === parseReading(pinned).profile ? pinned : wanted
}

/** The reading of an approved plan, so that a run continues with it under a newer version of its profile. */
export function readingOfPlan({ source }: Pick<CutPlan, 'source'>, profiles: readonly Profile[]): string {
  const { profile, profileVersion: version, reading } = source
  if (reading !== undefined) return reading
  const isKnown = listVersions(profile, profiles).some((one) => one.version === version)
  return isKnown ? formatReading({ profile, version }) : profile
}
