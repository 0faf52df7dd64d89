import { resolve } from 'node:path'
import { formatExpectedCounts, parseExpectedCounts } from '../../document/diagnostics/expected-counts.ts'
import { getProfile, listProfileNames } from '../../document/profiles/get-profile.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import { parseReading } from '../../document/profiles/reading.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { assertAcceptableCodes } from './accepted-problems.ts'
import { type CutDeps, findRegistered } from './deps.ts'
import { scanSource } from './scan-source.ts'

/**
 * Completes the input of a cut before a run exists: source, accepted codes and target. A profile that merely stands in cutter.yaml stays
 * out of it, because nobody named it for this run: the source is pinned by it if the document has no reading yet.
 *
 * @throws INPUT_REFUSED when the source is unknown, unreadable or cannot be scanned, or the profile or a code is not valid.
 * @throws TARGET_NOT_FOUND when cutter.yaml does not have the target.
 */
export async function admitCut(
  deps: CutDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const document = input.document as string
  const registered = await findRegistered(deps, document)
  const source = (input.source as string | undefined) ?? registered?.source
  if (source === undefined) {
    throw new CutterError(
      'INPUT_REFUSED',
      `document ${document} is not registered in cutter.yaml and no source was given; nothing was changed`,
      {
        next: `cutter run start cut --document ${document} --source <file>`,
      },
    )
  }
  const profile = (input.profile as string | undefined) ?? registered?.profile
  const profiles = await deps.profiles()
  if (profile !== undefined) assertReading(profile, profiles)
  const expect =
    input.expect === undefined ? undefined : formatExpectedCounts(parseExpectedCounts(input.expect as string))
  const accept = input.accept === undefined ? undefined : assertAcceptableCodes(input.accept as string)
  // Opening the embedded target would start its server. A configured target is only looked up and does not connect yet.
  if (input.target !== 'embedded') await deps.target(input.target as string)
  const path = resolve(source)
  // A first scan, so that a source that cannot be read as a document never becomes a run.
  scanSource({ profiles }, await deps.readSource(path), { document, profile })
  return {
    ...input,
    document,
    source: path,
    ...(accept === undefined ? {} : { accept }),
    ...(expect === undefined ? {} : { expect }),
  }
}

function assertReading(profile: string, profiles: readonly Profile[]): void {
  const known = listProfileNames(profiles)
  if (!known.includes(parseReading(profile).profile)) {
    throw new CutterError('INPUT_REFUSED', `there is no profile ${profile}; nothing was changed`, {
      next: `known are: ${known.join(', ')}`,
    })
  }
  getProfile(profile, profiles)
}
